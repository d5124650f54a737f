import { type NodeId, noSession } from '../../../foundation/ids.ts';
import { limits } from '../../../foundation/limits.ts';
import type { ServedNode } from '../../../node/served-node.ts';
import type { ProposalOutcome } from '../../../node/writes/proposals.ts';
import type { Command, CommandBatch } from '../../../ports/command.ts';
import type { CommandResult, OperationResult } from '../../../ports/result.ts';
import { commandBound, encodeCommandBatch } from '../../../protocol/session/write-command.ts';
import { leaderAddressOf } from '../../../protocol/status/routing.ts';
import { validateCommand } from '../../../state/checks/validate.ts';
import { systemClock } from '../../system-clock.ts';
import type { Deadlines } from '../deadlines.ts';
import { etcdError, toEtcdError } from '../etcd-error.ts';
import type { Answered } from './answered.ts';
import { Flight, type WriteDone } from './flight.ts';
import { Forwarder } from './forwarder.ts';

const flightCommands = 1024;
const flightBytes = limits.blockBytes;
/** Alone in a batch it must fit into an entry of the log. */
const largestBytes = limits.entryBytes - 1024;
/** How often those that wait look for a leader, beside every change of routing. */
const lookAgainMs = 10;

/**
 * Brings commands to whoever leads. All that one turn of the event loop brings leave as one batch. What a leader never took waits for
 * the next one, so that a failover is only a delay; what may have been taken fails as etcd says it.
 */
export class Proposer {
  readonly #node: ServedNode;
  readonly #self: NodeId;
  readonly #deadlines: Deadlines;
  readonly #answeredInAll: Answered;
  readonly #forwarder: Forwarder;
  readonly #stopListening: () => void;
  readonly #flush = (): void => this.#send();
  #gathered: Flight | null = null;
  #waiting: Flight[] = [];
  /** Not answered yet. */
  #commands = 0;
  #bytes = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(node: ServedNode, self: NodeId, deadlines: Deadlines, answered: Answered) {
    this.#node = node;
    this.#self = self;
    this.#deadlines = deadlines;
    this.#answeredInAll = answered;
    this.#forwarder = new Forwarder({
      answered: (flight, outcome) => {
        if (outcome.kind === 'applied') this.#answeredInAll.note(flight.commands, outcome.results);
        this.#answered(flight, outcome);
      },
      unsent: (flights) => this.#wait(flights),
      unknown: (flights) => {
        for (const flight of flights) flight.fail(etcdError('timeoutDueToLeaderFail'));
      },
    });
    this.#stopListening = node.onRouting((routing) => {
      const leader = leaderAddressOf(routing);
      this.#forwarder.depose(leader);
      if (leader !== null) this.#lookAgain();
    });
  }

  /** `done` hears of it once, always in a later turn unless it is refused at once. */
  propose(command: Command, done: WriteDone): void {
    if (this.#closed) {
      done(etcdError('stopped'));
      return;
    }
    if (this.#commands >= limits.uncommittedCommands) {
      done(etcdError('tooManyRequests'));
      return;
    }
    const failure = validateCommand(command, this.#node.requestLimits);
    if (failure !== null) {
      done(toEtcdError(failure));
      return;
    }
    const bytes = commandBound(command);
    if (bytes > largestBytes) {
      done(etcdError('requestTooLarge'));
      return;
    }
    if (this.#bytes + bytes > limits.uncommittedBytes) {
      done(etcdError('tooManyRequests'));
      return;
    }
    if (this.#gathered !== null && this.#gathered.bytes + bytes > flightBytes) this.#send();
    const flight = this.#gathering();
    flight.add(command, done, bytes);
    this.#commands += 1;
    this.#bytes += bytes;
    if (flight.commands.length >= flightCommands) this.#send();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopListening();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#gathered?.fail(etcdError('stopped'));
    for (const flight of this.#waiting) flight.fail(etcdError('stopped'));
    this.#waiting = [];
    this.#forwarder.close();
  }

  #gathering(): Flight {
    if (this.#gathered !== null) return this.#gathered;
    const flight = new Flight(systemClock.nowMs(), (commands, bytes) => {
      this.#commands -= commands;
      this.#bytes -= bytes;
    });
    this.#gathered = flight;
    // In this order: the driver comes right after it.
    setImmediate(this.#flush);
    this.#node.expect();
    return flight;
  }

  #send(): void {
    const flight = this.#gathered;
    this.#gathered = null;
    if (flight === null || !flight.open) return;
    this.#deadlines.add(flight);
    this.#dispatch(flight);
  }

  #dispatch(flight: Flight): void {
    const { leader, members } = this.#node.routing();
    if (leader === this.#self) {
      this.#submit(flight);
      return;
    }
    const address = leaderAddressOf({ leader, members });
    if (address === null) this.#wait([flight]);
    else {
      // A member that never ran has no address yet.
      const peers = members
        .filter(({ id, clientAddress }) => id !== this.#self && clientAddress !== '')
        .map(({ clientAddress }) => clientAddress);
      this.#forwarder.send(address, peers, flight);
    }
  }

  #submit(flight: Flight): void {
    const batch: CommandBatch = {
      session: noSession,
      firstNumber: 0,
      acknowledgedThrough: 0,
      commands: flight.commands,
    };
    this.#node.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      settle: (outcome) => {
        this.#answered(flight, outcome);
        // By the time that this node refuses for another one's sake, it has said who that is.
        const { leader } = this.#node.routing();
        if (this.#waiting.length > 0 && leader !== null && leader !== this.#self)
          setImmediate(() => this.#lookAgain());
      },
      early: null,
    });
  }

  #answered(flight: Flight, outcome: ProposalOutcome): void {
    if (!flight.open) return;
    if (outcome.kind === 'refused') {
      if (isForTheNext(outcome)) this.#wait([flight]);
      else flight.fail(toEtcdError(outcome));
    } else if (hasDeferred(outcome.results)) {
      this.#node.complete(outcome.results).then(
        (results) => flight.settle(results),
        // They have been applied; what they read is not to be had.
        () => flight.fail(etcdError('timeoutDueToLeaderFail')),
      );
    } else flight.settle(outcome.results);
  }

  #wait(flights: readonly Flight[]): void {
    for (const flight of flights) {
      if (!flight.open) continue;
      if (this.#closed) flight.fail(etcdError('stopped'));
      else this.#waiting.push(flight);
    }
    if (this.#waiting.length > 0) this.#retry ??= setTimeout(() => this.#lookAgain(), lookAgainMs);
  }

  #lookAgain(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const flight of waiting) if (flight.open) this.#dispatch(flight);
  }
}

/** Nothing of it was or will be applied, and another leader, or this one a little later, will take it. */
function isForTheNext({ code, indeterminate }: Extract<ProposalOutcome, { kind: 'refused' }>): boolean {
  if (indeterminate) return false;
  return code === 'not-leader' || code === 'no-leader' || code === 'starting' || code === 'stopping';
}

function hasDeferred(results: readonly CommandResult[]): boolean {
  for (const result of results) if (result.kind === 'txn' && isDeferred(result)) return true;
  return false;
}

function isDeferred(result: OperationResult): boolean {
  return result.kind === 'deferredRange' || (result.kind === 'txn' && result.responses.some(isDeferred));
}
