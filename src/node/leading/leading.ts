import { noSession } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Command, CommandBatch } from '../../ports/command.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import type { Membership } from '../membership/membership.ts';
import type { TierMover } from '../membership/tier-mover.ts';
import type { TrustKeeper } from '../peers/trust.ts';
import type { DiskGuard } from '../writes/disk-guard.ts';
import type { ProposalQueue } from '../writes/proposals.ts';
import type { HandOver } from './hand-over.ts';
import type { Opening } from './opening.ts';
import type { SuccessionKeeper } from './succession-keeper.ts';

export interface LeadingParts {
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly opening: Opening;
  readonly proposals: ProposalQueue;
  readonly succession: SuccessionKeeper;
  readonly trust: TrustKeeper;
  readonly membership: Membership;
  readonly tiers: TierMover;
  readonly disk: DiskGuard;
  readonly handOver: HandOver;
  /** Something else than leases waits for cluster time to go on. */
  readonly waitsForTime: () => boolean;
  readonly wake: () => void;
  readonly guarding: (act: Promise<void>) => void;
}

const rankEveryMs = 20;
/** A block at least so often while there are leases or sessions: well below the largest step of cluster time. */
const timeEveryMs = 1000;
/** A leader whose disk has been full for so long gives leadership to a replica with room, and tries that so often. */
const fullDiskMs = 1000;

/** What a leader does now and then, whoever asks. */
export class Leading {
  readonly #parts: LeadingParts;
  #rankedAtMs = 0;
  #leavesAgainMs = 0;

  constructor(parts: LeadingParts) {
    this.#parts = parts;
  }

  /** With every tick, while it leads. */
  look(): void {
    const { clock, opening, proposals, succession, trust, membership, tiers, guarding } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs - this.#rankedAtMs >= rankEveryMs) {
      this.#rankedAtMs = nowMs;
      succession.rank();
      guarding(trust.look());
      if (opening.isOpen) {
        membership.tend();
        tiers.look();
      }
      this.#leaveFullDisk(nowMs);
    }
    if (this.#isTimeDue() && proposals.idle) {
      this.propose(null, () => {});
    }
  }

  /** A command of the node's own, or an empty block. */
  propose(command: Command | null, done: () => void): void {
    const { proposals, wake } = this.#parts;
    const batch = command === null ? emptyBatch : { ...emptyBatch, commands: [command] };
    proposals.add({ bytes: encodeCommandBatch(batch), batch, settle: done, early: null });
    wake();
  }

  /** A leader that refuses writes for want of room makes way for an heir that has it; where nobody has, it serves reads. */
  #leaveFullDisk(nowMs: number): void {
    const { raft, disk, succession, handOver } = this.#parts;
    if (disk.fullForMs < fullDiskMs || nowMs < this.#leavesAgainMs) return;
    const heir = raft.status.succession.find((id) => {
      const { report } = succession.view(id);
      return report !== null && report.diskFree > 0;
    });
    if (heir === undefined) return;
    this.#leavesAgainMs = nowMs + fullDiskMs;
    handOver.to(heir).catch(() => {});
  }

  /** Something expires, or could: then cluster time must not stand still. */
  #isTimeDue(): boolean {
    const { state, clusterClock, waitsForTime } = this.#parts;
    const { nextDeadlineMs, timeMs } = state;
    if (nextDeadlineMs === null && !waitsForTime()) return false;
    const nowMs = clusterClock.now();
    return (nextDeadlineMs !== null && nextDeadlineMs <= nowMs) || nowMs - timeMs >= timeEveryMs;
  }
}

const emptyBatch: CommandBatch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [] };
