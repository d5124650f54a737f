import { TanistError } from '../../foundation/errors.ts';
import { type LogIndex, type NodeId, nodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Command } from '../../ports/command.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { Checkpoints } from './checkpoints.ts';
import { DigestLedger } from './digest-ledger.ts';
import type { IntegrityReport } from './integrity-report.ts';
import { parseVerdicts, type Verdict } from './verdict.ts';

export interface IntegrityOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly incarnation: string;
  /** Why this replica serves nothing; null: its state is whole. */
  readonly doubt: () => string | null;
  /** The state is that of the log, though perhaps in the middle of an entry. */
  readonly isWhole: () => boolean;
  readonly counts: (id: NodeId) => boolean;
  /** It leads, and what it proposes is answered. */
  readonly isOpen: () => boolean;
  readonly propose: (command: Command, done: () => void) => void;
  readonly quarantine: (reason: string) => void;
  /** Leader: the replica waits for an image. */
  readonly sendImage: (to: NodeId) => void;
}

/** What is late may still come, before writes are stopped for want of a majority digest. */
const disputeMs = 1000;
const sendEveryMs = 500;
const confirmMs = 1500;

/**
 * Promise 6 for the state: replicas note their digests, the leader compares those of equal index and says who is odd, and that one puts itself
 * into quarantine. Where no majority of the voters has one digest, the leader raises the alarm `corrupt` for those that differ: writes stop,
 * they serve nothing, and an operator says which are wrong (`repair`). Once all agree it lifts the alarm.
 */
export class Integrity {
  readonly checkpoints: Checkpoints;
  readonly #options: IntegrityOptions;
  readonly #ledger = new DigestLedger();
  readonly #sentMs = new Map<NodeId, number>();
  #leads = false;
  #ledSinceMs = 0;
  #disputeSinceMs: number | null = null;
  #proposing = false;
  /** Since it leads it has seen replicas differ: so the alarm is of this kind, and not an operator's. */
  #sawOdd = false;
  /** Agreement below it is of before the alarm. */
  #alarmAt = 0 as LogIndex;

  constructor(options: IntegrityOptions) {
    this.#options = options;
    this.checkpoints = new Checkpoints(options.state, options.incarnation);
  }

  applied(index: LogIndex): void {
    this.checkpoints.applied(index, this.#options.clock.nowMs());
  }

  report(): IntegrityReport {
    const doubt = this.#options.doubt();
    const { generation } = this.checkpoints;
    return { generation, notes: doubt === null ? this.checkpoints.newest() : [], doubt };
  }

  heard(from: NodeId, report: IntegrityReport | null): void {
    if (this.#leads && report !== null) this.#ledger.heard(from, report);
  }

  /** For the leader's heartbeats. */
  get verdicts(): Iterable<Verdict> {
    return this.#leads ? this.#ledger.odd.values() : [];
  }

  leaderSays(context: Uint8Array): void {
    for (const verdict of parseVerdicts(context))
      if (verdict.id === this.#options.self) this.#judged(verdict);
  }

  tick(): void {
    const { clock, isWhole } = this.#options;
    if (isWhole()) this.checkpoints.idle(clock.nowMs());
    if (this.#leadsNow()) this.#lead();
  }

  /** Raft may have elected this node, or deposed it, since the last tick. */
  #leadsNow(): boolean {
    const { clock, raft } = this.#options;
    const leads = raft.status.role === 'leader';
    if (leads !== this.#leads) {
      this.#ledger.clear();
      this.#ledSinceMs = clock.nowMs();
      this.#disputeSinceMs = null;
      this.#sawOdd = false;
    }
    this.#leads = leads;
    return leads;
  }

  /** An operator says that this replica's state is the wrong one. False: it has not been heard of. */
  condemn(id: NodeId): boolean {
    this.#ledger.heard(this.#options.self, this.report());
    return this.#ledger.condemn(id);
  }

  #lead(): void {
    const { self, raft, counts } = this.#options;
    this.#ledger.heard(self, this.report());
    this.#ledger.judge({ configuration: raft.status.configuration, counts });
    if (this.#ledger.odd.size > 0) this.#sawOdd = true;
    const own = this.#ledger.odd.get(self);
    if (own !== undefined) {
      this.#judged(own);
      return;
    }
    this.#lookAtDispute();
    this.#lookAtAlarms();
  }

  /** Only what this replica itself noted of its present image is held against it. */
  #judged({ generation, index, digest }: Verdict): void {
    const { checkpoints } = this;
    const mine = checkpoints.digestAt(index);
    const isOld =
      generation !== checkpoints.generation || (digest !== '' && (mine === null || mine === digest));
    if (isOld && mutant.active !== 'digest-of-earlier-image') return;
    if (!this.#options.isWhole()) return;
    this.#options.quarantine(
      digest === ''
        ? 'an operator found its state to be wrong'
        : `its state at entry ${index} differs from the majority's: ${mine}, not ${digest}`,
    );
  }

  #lookAtDispute(): void {
    const { clock, nodeLog, state, isOpen, propose } = this.#options;
    const { dispute } = this.#ledger;
    if (dispute === null) {
      this.#disputeSinceMs = null;
      return;
    }
    this.#sawOdd = true;
    this.#disputeSinceMs ??= clock.nowMs();
    if (clock.nowMs() - this.#disputeSinceMs < disputeMs || this.#proposing || !isOpen()) return;
    const member = dispute.parties.find((id) => !state.isCorrupt(id));
    if (member === undefined) return;
    nodeLog.error('digests-disagree', { index: dispute.index, members: dispute.parties.join(' ') });
    this.#proposing = true;
    this.#alarmAt = state.applied.index;
    propose({ kind: 'alarm', action: 'activate', member, alarm: 'corrupt' }, () => {
      this.#proposing = false;
    });
  }

  #lookAtAlarms(): void {
    const { nodeLog, state, isOpen, propose } = this.#options;
    const { agreed } = this.#ledger;
    if (this.#proposing || !isOpen() || agreed === null || agreed <= this.#alarmAt) return;
    const on = state.alarms().filter(({ kind }) => kind === 'corrupt');
    // An earlier leader's names all that differed. One alone is an operator's, or of a voter that has nobody to compare with.
    if (on.length === 0 || (on.length === 1 && !this.#sawOdd)) return;
    nodeLog.info('digests-agree', { index: agreed, members: on.map(({ member }) => member).join(' ') });
    this.#proposing = true;
    propose({ kind: 'alarm', action: 'deactivate', member: nodeId(''), alarm: 'corrupt' }, () => {
      this.#proposing = false;
    });
  }

  /** Leader: a replica said that it waits for an image. */
  waits(id: NodeId): void {
    const { clock, isWhole, isOpen, sendImage } = this.#options;
    const nowMs = clock.nowMs();
    if (!isWhole() || !isOpen() || nowMs - (this.#sentMs.get(id) ?? Number.NEGATIVE_INFINITY) < sendEveryMs)
      return;
    this.#sentMs.set(id, nowMs);
    sendImage(id);
  }

  /**
   * Resolves when a majority had the same state at `index` or later, so that an image of it spreads no error; or when there is none to ask
   * without the one that the image is for, or none answers in time: without it that one could not go on. Errors: `under-doubt` while another
   * replica says otherwise: the one that the image is for would make a majority of whichever is wrong.
   */
  async confirmed(index: LogIndex, without: NodeId): Promise<void> {
    const { self, clock } = this.#options;
    if (mutant.active === 'unconfirmed-image') return;
    const untilMs = clock.nowMs() + confirmMs;
    while (this.#leadsNow() && this.#ledger.confirmed(self) < index && clock.nowMs() < untilMs) {
      if (!this.#mayConfirm(without)) break;
      await new Promise<void>((resolve) => clock.after(confirmMs / 20, resolve));
    }
    const { dispute } = this.#ledger;
    if (!this.#leads || this.#ledger.confirmed(self) >= index || dispute === null) return;
    throw new TanistError(
      'under-doubt',
      `${dispute.parties.join(', ')} differ at entry ${dispute.index}: no image is sent before it is known who is right`,
    );
  }

  /** There are enough who can say so, or could not be heard of yet since this one leads. */
  #mayConfirm(without: NodeId): boolean {
    const { self, raft, counts, clock } = this.#options;
    const { voters } = raft.status.configuration;
    const isNew = clock.nowMs() - this.#ledSinceMs < confirmMs;
    const others = voters.filter(
      (id) =>
        id !== without &&
        counts(id) &&
        (id === self || this.#ledger.isHeard(id) || (isNew && !this.#ledger.isKnown(id))),
    );
    return others.length * 2 > voters.length;
  }

  /** The state is another one. */
  replaced(): void {
    this.checkpoints.replaced();
  }
}
