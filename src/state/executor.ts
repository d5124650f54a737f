import { leaseId, sessionId } from '../foundation/ids.ts';
import type {
  Command,
  CommandBatch,
  CompactCommand,
  DeleteRangeCommand,
  PutCommand,
} from '../ports/command.ts';
import type { CommandResult } from '../ports/result.ts';
import type { Alarms } from './alarms.ts';
import type { StateBounds } from './checks/bounds.ts';
import { isBounded, noSpaceLeft, takesSpace } from './checks/space-use.ts';
import type { DeltaJournal } from './delta-journal.ts';
import { failed } from './failed.ts';
import type { Leases } from './leases.ts';
import { applyDeleteRange, applyPut, applyTxn, checkPut, keysTouched } from './mvcc/transaction.ts';
import type { Policies } from './policies.ts';
import { notOfClients } from './predicted/check.ts';
import type { Predictions } from './predicted/predictions.ts';
import type { Stores } from './records/content.ts';
import { type Sessions, sessionExpired } from './sessions/sessions.ts';
import type { Slices } from './slices.ts';

export interface ExecutorParts {
  readonly journal: DeltaJournal;
  readonly stores: Stores;
  readonly leases: Leases;
  readonly sessions: Sessions;
  readonly policies: Policies;
  readonly predictions: Predictions;
  readonly alarms: Alarms;
  readonly bounds: StateBounds;
  readonly keysPerSlice: number;
}

/** Carries out the commands of a block, batch by batch: a function of the state and the command alone. */
export class Executor {
  readonly #parts: ExecutorParts;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
  }

  /** Each command that makes an id of its own takes that of its position: `firstId` and those after it. */
  batch(batch: CommandBatch, firstId: number): Slices<readonly CommandResult[]> {
    return batch.session === 0 ? this.#plain(batch, firstId) : this.#inSession(batch, firstId);
  }

  *#plain(batch: CommandBatch, firstId: number): Slices<readonly CommandResult[]> {
    const results: CommandResult[] = [];
    let id = firstId;
    for (const command of batch.commands) {
      results.push(isLong(command) ? yield* this.#executeLong(command) : this.#execute(command, id));
      this.#parts.predictions.commit();
      id++;
      if (this.#sliceIsFull()) yield;
    }
    return results;
  }

  *#inSession(batch: CommandBatch, firstId: number): Slices<readonly CommandResult[]> {
    const session = this.#parts.sessions.get(batch.session);
    const results: CommandResult[] = [];
    if (session === undefined) {
      const expired = sessionExpired(batch.session);
      for (let i = 0; i < batch.commands.length; i++) results.push(expired);
      return results;
    }
    this.#parts.sessions.renew(session, this.#parts.journal.timeMs);
    this.#parts.sessions.acknowledge(session, batch.acknowledgedThrough);
    let number = batch.firstNumber;
    let id = firstId;
    for (const command of batch.commands) {
      let result = this.#parts.sessions.answer(session, number);
      if (result === undefined) {
        result = isLong(command) ? yield* this.#executeLong(command) : this.#execute(command, id);
        this.#parts.sessions.keepResult(session, number, result);
        this.#parts.predictions.commit();
      }
      results.push(result);
      number++;
      id++;
      if (this.#sliceIsFull()) yield;
    }
    this.#parts.sessions.changed(session);
    return results;
  }

  #sliceIsFull(): boolean {
    // A command that looks at no key is work, too.
    this.#parts.journal.worked(1);
    return this.#parts.journal.isSliceFull(this.#parts.keysPerSlice);
  }

  /** Those that may change or look at many keys. */
  *#executeLong(command: LongCommand): Slices<CommandResult> {
    if (this.#parts.alarms.corrupt && changesContent(command)) return inDispute;
    if ('space' in command && command.space === 'predicted') return onlyPredict;
    switch (command.kind) {
      case 'deleteRange':
        return yield* this.#deleteRange(command);
      case 'txn': {
        if (this.#parts.alarms.noSpace && takesSpace(command)) return noSpaceLeft;
        const bounds = { mostKeys: this.#parts.bounds.keysPerCommand, perSlice: this.#parts.keysPerSlice };
        return yield* applyTxn(this.#parts.stores[command.space], this.#parts.leases, command, bounds);
      }
      case 'leaseRevoke':
        return yield* this.#parts.leases.revoke(command.id);
      case 'predict':
        return yield* this.#parts.predictions.apply(command.predictions, this.#parts.journal.timeMs);
    }
  }

  #execute(command: ShortCommand, id: number): CommandResult {
    const nowMs = this.#parts.journal.timeMs;
    if (this.#parts.alarms.corrupt && changesContent(command)) return inDispute;
    if ('space' in command && command.space === 'predicted') return onlyPredict;
    switch (command.kind) {
      case 'put':
        return this.#put(command);
      case 'compact':
        return this.#compact(command);
      case 'leaseGrant':
        if (this.#parts.alarms.noSpace) return noSpaceLeft;
        return this.#parts.leases.grant(command.id, command.ttlMs, leaseId(BigInt(id)), nowMs);
      case 'leaseKeepAlive':
        return this.#parts.leases.keepAlive(command.ids, nowMs);
      case 'setPolicy':
        return this.#parts.policies.set(command.prefix, command.policy);
      case 'removePolicy':
        return this.#parts.policies.remove(command.prefix);
      case 'openSession':
        return this.#parts.sessions.open(command.nonce, command.ttlMs, sessionId(id), nowMs);
      case 'closeSession':
        return this.#parts.sessions.close(command.id);
      case 'keepSessions':
        return this.#parts.sessions.keep(command.ids, nowMs);
      case 'alarm':
        return this.#parts.alarms.apply(command);
    }
  }

  #put(command: PutCommand): CommandResult {
    if (this.#parts.alarms.noSpace && isBounded(command.space)) return noSpaceLeft;
    const store = this.#parts.stores[command.space];
    const failure = checkPut(store, this.#parts.leases, command);
    if (failure !== null) return failure;
    const result = applyPut(store, this.#parts.leases, command);
    store.commit();
    return result;
  }

  *#deleteRange(command: DeleteRangeCommand): Slices<CommandResult> {
    const store = this.#parts.stores[command.space];
    const { keysPerCommand } = this.#parts.bounds;
    const keys = keysTouched(store, command);
    if (keys > keysPerCommand)
      return failed(
        'range-too-large',
        `the range holds ${keys} keys; one command deletes ${keysPerCommand} at most: delete it in pieces`,
      );
    const result = yield* applyDeleteRange(store, this.#parts.leases, command, this.#parts.keysPerSlice);
    store.commit();
    return result;
  }

  /** As etcd: at or below the compacted revision it fails, but before the first one 0 passes. */
  #compact(command: CompactCommand): CommandResult {
    const store = this.#parts.stores[command.space];
    const { revision: to } = command;
    if (to > store.revision)
      return failed('revision-future', `revision ${to} is not there yet; the latest is ${store.revision}`);
    if (to <= store.compacted && store.compacted + to > 0)
      return failed('revision-compacted', `revision ${to} is compacted already, up to ${store.compacted}`);
    if (to > store.compacted) store.compact(to);
    return { kind: 'compact', revision: store.revision };
  }
}

type LongCommand = Extract<Command, { kind: 'deleteRange' | 'txn' | 'leaseRevoke' | 'predict' }>;
type ShortCommand = Exclude<Command, LongCommand>;

function isLong(command: Command): command is LongCommand {
  const { kind } = command;
  return kind === 'deleteRange' || kind === 'txn' || kind === 'leaseRevoke' || kind === 'predict';
}

/** Validation says so before; what a command of another version makes of it is the same on every replica. */
const onlyPredict = failed('invalid-argument', notOfClients);

const inDispute = failed(
  'under-doubt',
  'the replicas differ and no majority agrees (alarm corrupt): writes are refused until an operator decides; see tanist status',
);

/** Not what keeps leases and sessions alive, nor what lifts the alarm. */
function changesContent({ kind }: Command): boolean {
  switch (kind) {
    case 'put':
    case 'deleteRange':
    case 'txn':
    case 'compact':
    case 'leaseGrant':
    case 'leaseRevoke':
    case 'setPolicy':
    case 'removePolicy':
    case 'predict':
      return true;
    case 'leaseKeepAlive':
    case 'openSession':
    case 'closeSession':
    case 'keepSessions':
    case 'alarm':
      return false;
  }
}
