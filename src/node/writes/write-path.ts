import type { LeaseId, NodeId } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Command } from '../../ports/command.ts';
import type { FailedResult } from '../../ports/result.ts';
import type { Raft } from '../../raft/raft.ts';
import { validateCommand } from '../../state/checks/validate.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { LeaderMonitor } from '../leading/leader-monitor.ts';
import type { Opening } from '../leading/opening.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import type { NodeOptions } from '../options.ts';
import type { Life } from '../refusals.ts';
import type { DiskGuard } from './disk-guard.ts';
import { mayAcknowledgeEarly } from './early-acknowledgement.ts';
import { ParkedProposals } from './parked-proposals.ts';
import { type Proposal, ProposalQueue, refused } from './proposals.ts';
import { RenewalBatcher, type RenewalDone } from './renewal-batcher.ts';

export interface WritePathParts {
  readonly options: NodeOptions;
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly life: Life;
  readonly opening: Opening;
  readonly monitor: LeaderMonitor;
  readonly disk: DiskGuard;
  readonly wake: () => void;
}

/** From a proposal to the log: refused, kept for a leader that is about to be found, or queued for the next block. */
export class WritePath {
  readonly proposals: ProposalQueue;
  readonly #parts: WritePathParts;
  readonly #parked: ParkedProposals;
  readonly #renewals: RenewalBatcher;

  constructor(parts: WritePathParts) {
    const { options, raft, state, clock, clusterClock, life, opening } = parts;
    this.#parts = parts;
    this.proposals = new ProposalQueue({
      raft,
      stamp: () => clusterClock.stamp(),
      // A leader that has seen no stamp must not take the calendar's time while its log holds stamps that are not applied.
      mayStamp: () => clusterClock.knowsTime || !opening.leads || opening.isOpen,
      // Until its log is applied a new leader does not know the policies that were in force before it.
      mayAcknowledgeEarly: (batch) => opening.isOpen && mayAcknowledgeEarly(batch, state),
      blocksInFlight: 2,
      nowMs: () => clock.nowMs(),
      uncommittedBytes: options.uncommittedBytes,
    });
    this.#parked = new ParkedProposals(options.uncommittedBytes);
    this.#renewals = new RenewalBatcher({
      clock,
      submit: (proposal) => this.submit(proposal),
      // Who does not lead has nothing to gather for: they are refused, or wait for the next leader, together.
      remainingMs: (id) => (life.isStopping || raft.status.role !== 'leader' ? 0 : this.leaseRemainingMs(id)),
    });
  }

  /** Which commands of a client's batch can be refused before they reach the log, by position; null: none. */
  validate(commands: readonly Command[]): ReadonlyMap<number, FailedResult> | null {
    const { requestLimits } = this.#parts.options;
    let invalid: Map<number, FailedResult> | null = null;
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i];
      const failure = command === undefined ? null : refusalOf(command, requestLimits);
      if (failure !== null) {
        invalid ??= new Map();
        invalid.set(i, failure);
      }
    }
    return invalid;
  }

  submit(proposal: Proposal): void {
    const { life, raft, disk, wake } = this.#parts;
    if (life.isStopping) {
      proposal.settle(refused('stopping', 'this node stops; ask another'));
    } else if (raft.status.role !== 'leader') {
      this.#park(proposal);
    } else if (disk.full) {
      proposal.settle(
        refused('disk-full', 'the disk is nearly full: writes are refused until there is room; reads go on'),
      );
    } else {
      this.proposals.add(proposal);
      wake();
    }
  }

  /** See `TanistNode.keepAlive`. */
  renew(id: LeaseId, done: RenewalDone): void {
    this.#renewals.renew(id, done);
  }

  /** In ms of cluster time as this node knows it; null: there is no such lease. Below 0: it is about to end. */
  leaseRemainingMs(id: LeaseId): number | null {
    const { state, clusterClock } = this.#parts;
    const deadlineMs = state.leaseDeadlineMs(id);
    return deadlineMs === null ? null : deadlineMs - clusterClock.now();
  }

  /** With every tick: nobody waits for a leader for ever. */
  refuseOverdue(): void {
    const { clock, raft } = this.#parts;
    this.#parked.refuseOverdue(clock.nowMs(), raft.status.leader);
  }

  /** What waited here for a leader has found it, and is proposed at once. */
  elected(): void {
    for (const proposal of this.#parked.take()) this.submit(proposal);
    this.proposals.flush();
  }

  steppedDown(): void {
    this.proposals.abandon('not-leader', 'leadership was lost before the quorum answered');
    this.#renewals.flush();
  }

  /** Another leads. */
  follows(leader: NodeId): void {
    this.#parked.refuse(
      'not-leader',
      `${leader} was elected while the write waited here; nothing of it was proposed: ask ${leader}`,
    );
  }

  /** What was proposed has been abandoned before. */
  close(): void {
    this.#parked.refuse('stopping', 'the node stops');
    this.#renewals.flush();
  }

  /**
   * Where nobody leads, or where this node is the one to take over, the next leader is likely to be found in a moment. That a client turns
   * here, and not to the leader, makes an heir look at its leader; it believes nobody but its own eyes.
   */
  #park(proposal: Proposal): void {
    const { raft, options, clock, monitor } = this.#parts;
    const { id, leader, succession } = raft.status;
    const mayLead = leader === null || succession.find((heir) => heir !== leader) === id;
    if (!mayLead) {
      proposal.settle(refused('not-leader', 'this node does not lead; ask the leader'));
      return;
    }
    const { holdMs, electionMs, suspicion } = options;
    const waitMs = leader === null ? electionMs : Math.max(holdMs, suspicion.probeMs);
    this.#parked.add(proposal, clock.nowMs() + waitMs);
    if (leader !== null) monitor.questioned();
  }
}

function refusalOf(command: Command, limits: RequestLimits): FailedResult | null {
  return command.kind === 'predict' ? onlyNodesPredict : validateCommand(command, limits);
}

const onlyNodesPredict: FailedResult = {
  kind: 'failed',
  code: 'invalid-argument',
  message:
    'predictions come from the models of the nodes alone: set a policy with predict for keys to be predicted',
};
