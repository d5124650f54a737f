import { decideHandOver, type HeirView, type Signs } from '../../failover/before-death/decide-hand-over.ts';
import {
  type HandOverRecord,
  judgeHandOver,
  type OldLeader,
  type Verdict,
} from '../../failover/before-death/judge-hand-over.ts';
import type { Breach } from '../../failover/before-death/predict-breach.ts';
import type { BeforeDeathPolicy } from '../../failover/before-death/signals.ts';
import { asError } from '../../foundation/errors.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Command } from '../../ports/command.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Raft } from '../../raft/raft.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import type { HandOver } from '../leading/hand-over.ts';
import type { Opening } from '../leading/opening.ts';
import type { SuccessionKeeper } from '../leading/succession-keeper.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import type { PeerGuard } from '../peers/peer-guard.ts';
import type { Life } from '../refusals.ts';
import { HandOverCounts } from './hand-over-counts.ts';
import { keepRecord, recordsIn } from './records.ts';
import type { VitalWatch } from './vital-watch.ts';

export interface BeforeDeathParts {
  readonly policy: BeforeDeathPolicy;
  readonly self: NodeId;
  readonly raft: Raft;
  readonly state: StateMachine;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly nodeLog: NodeLog;
  readonly life: Life;
  readonly opening: Opening;
  readonly succession: SuccessionKeeper;
  readonly guard: PeerGuard;
  readonly handOver: HandOver;
  readonly vitalWatch: VitalWatch;
  readonly propose: (command: Command, done: () => void) => void;
}

/** After a hand-over that nobody took: before the next heir is asked, and before the same one is again. */
const nextHeirMs = 5000;
const sameHeirMs = 60_000;
const sayAgainMs = 10_000;
/** A new leader has not heard from all peers yet; until then it takes nobody for silent. */
const newInOfficeMs = 2000;

/**
 * The leader makes way while it still can, and whoever leads later says whether it had to.
 *
 * 1. Before leadership is handed over the reason is committed, so that every leader knows when the last one was and why.
 * 2. Never two within the policy's interval of cluster time, whoever leads (`decide-hand-over.ts`).
 * 3. At most one decision is under way; while it is, nothing is judged.
 * 4. That nobody took a hand-over is written down again until it is, while this node leads in the same term.
 */
export class BeforeDeath {
  readonly #parts: BeforeDeathParts;
  readonly #passedOver = new Map<NodeId, number>();
  readonly counts = new HandOverCounts();
  #underWay = false;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #saidMs = Number.NEGATIVE_INFINITY;
  #known: { readonly revision: number; readonly records: readonly HandOverRecord[] } | null = null;
  #office = { term: -1, sinceMs: 0 };
  /** A hand-over that nobody took, open as long as it is not written down. */
  #notTaken: { readonly atMs: number; readonly term: number; readonly why: string } | null = null;
  /** Starts of the old leader, as this node first knew them after the hand-over. */
  #boots: { readonly atMs: number; readonly counter: number } | null = null;

  constructor(parts: BeforeDeathParts) {
    this.#parts = parts;
  }

  get signs(): Signs {
    return this.#parts.vitalWatch.signs;
  }

  /** With every tick, whoever leads. */
  look(): void {
    const { vitalWatch, raft, opening, life, state, clock, policy } = this.#parts;
    if (!vitalWatch.look() || !policy.enabled) return;
    if (raft.status.role !== 'leader' || !opening.isOpen || life.isStopping || !state.whole) return;
    const nowMs = clock.nowMs();
    const { term } = raft.status;
    if (this.#office.term !== term) this.#office = { term, sinceMs: nowMs };
    if (this.#underWay || nowMs - this.#office.sinceMs < newInOfficeMs) return;
    this.#judge();
    if (!this.#underWay && nowMs >= this.#notBeforeMs) this.#decide(vitalWatch.breaches);
  }

  /** A verdict or the end of the interval is due by cluster time, which stands still where nothing is written. */
  get waitsForTime(): boolean {
    const { state, policy, clusterClock } = this.#parts;
    if (!policy.enabled || !state.whole) return false;
    const records = this.#records();
    if (records.length === 0) return false;
    const untilMs = clusterClock.now() - policy.minimumIntervalMs;
    return records.some(({ verdict, atMs }) => verdict === 'open' || atMs > untilMs);
  }

  #records(): readonly HandOverRecord[] {
    const { state } = this.#parts;
    const revision = state.revision('system');
    if (this.#known?.revision !== revision) this.#known = { revision, records: recordsIn(state) };
    return this.#known.records;
  }

  #decide(breaches: readonly Breach[]): void {
    if (breaches.length === 0) return;
    const { clusterClock, policy, raft, clock, self, nodeLog } = this.#parts;
    const records = this.#records();
    const timeMs = clusterClock.now();
    const last = records.findLast(({ verdict }) => verdict !== 'not-taken');
    const nowMs = clock.nowMs();
    for (const [id, untilMs] of this.#passedOver) if (nowMs >= untilMs) this.#passedOver.delete(id);
    const decision = decideHandOver(
      {
        breaches,
        heirs: raft.status.succession.map((id) => this.#heir(id)),
        timeMs,
        lastMs: last?.atMs ?? null,
        passedOver: new Set(this.#passedOver.keys()),
      },
      policy,
    );
    if (decision.kind === 'stay') {
      const [breach] = breaches;
      if (breach !== undefined) this.#stay(breach, decision.because);
      return;
    }
    const { signal, now, limit, inMs, confidence } = decision.breach;
    const evidence = { signal, now, limit, inMs, confidence };
    const record: HandOverRecord = {
      atMs: timeMs,
      from: self,
      to: decision.to,
      ...evidence,
      verdict: 'open',
      why: '',
    };
    nodeLog.warn('death-foreseen', { ...evidence, to: decision.to });
    this.#keep(record, () => this.#give(record));
  }

  /** Its reason changes with the numbers in it: said once in a while. */
  #stay({ signal, inMs, confidence }: Breach, because: string): void {
    const nowMs = this.#parts.clock.nowMs();
    if (nowMs - this.#saidMs < sayAgainMs) return;
    this.#saidMs = nowMs;
    this.#parts.nodeLog.warn('death-foreseen', { signal, inMs, confidence, to: null, because });
  }

  /** It is committed now, unless leadership was lost meanwhile. */
  #give(record: HandOverRecord): void {
    const { handOver, nodeLog, clock, raft } = this.#parts;
    if (!this.#records().some(({ atMs, from }) => atMs === record.atMs && from === record.from)) return;
    this.counts.add(record.signal, 'open');
    this.#underWay = true;
    const to = nodeId(record.to);
    const { term } = raft.status;
    handOver.to(to).then(
      () => {
        this.#underWay = false;
      },
      (error: unknown) => {
        this.#underWay = false;
        const nowMs = clock.nowMs();
        this.#passedOver.set(to, nowMs + sameHeirMs);
        this.#notBeforeMs = nowMs + nextHeirMs;
        const why = asError(error).message;
        nodeLog.warn('hand-over-not-taken', { to, error: why });
        this.#notTaken = { atMs: record.atMs, term, why };
        this.#close(record, 'not-taken', why);
      },
    );
  }

  #judge(): void {
    const open = this.#records().find(({ verdict }) => verdict === 'open');
    if (open === undefined) return;
    if (open.from === this.#parts.self) {
      const { raft } = this.#parts;
      if (this.#notTaken?.atMs === open.atMs && this.#notTaken.term === raft.status.term) {
        this.#close(open, 'not-taken', this.#notTaken.why);
        return;
      }
      // It leads again: the hand-over was over, or never came about.
      const { verdict, why } = judgeHandOver(open, { ...this.#old(open), reachable: true });
      if (verdict !== 'open') this.#close(open, verdict, why);
      return;
    }
    const { verdict, why } = judgeHandOver(open, this.#old(open));
    if (verdict !== 'open') this.#close(open, verdict, why);
  }

  #old({ from, atMs, signal }: HandOverRecord): OldLeader {
    const { clusterClock, succession, guard, self, vitalWatch } = this.#parts;
    const id = nodeId(from);
    const timeMs = clusterClock.now();
    if (id === self)
      return { timeMs, reachable: true, restarted: false, sign: vitalWatch.signs[signal] ?? null };
    const counter = guard.identityOf(id)?.bootCounter ?? 0;
    if (this.#boots?.atMs !== atMs) this.#boots = { atMs, counter };
    return {
      timeMs,
      reachable: succession.isAlive(id),
      restarted: counter > this.#boots.counter,
      sign: succession.reportOf(id)?.signs?.[signal] ?? null,
    };
  }

  #close(record: HandOverRecord, verdict: Verdict, why: string): void {
    const { raft, nodeLog } = this.#parts;
    if (raft.status.role !== 'leader') return;
    this.#keep({ ...record, verdict, why }, () => {
      const kept = this.#records().find(({ atMs }) => atMs === record.atMs);
      if (kept?.verdict !== verdict) return;
      const { from, to, signal } = record;
      this.counts.add(signal, verdict);
      nodeLog.info('hand-over-judged', { from, to, signal, verdict, why });
    });
  }

  #keep(record: HandOverRecord, then: () => void): void {
    this.#underWay = true;
    this.#parts.propose(keepRecord(record, this.#records()), () => {
      this.#underWay = false;
      then();
    });
  }

  #heir(id: NodeId): HeirView {
    const { succession, raft } = this.#parts;
    const { measurements, report, score } = succession.view(id);
    return {
      id,
      doubt: measurements.doubt,
      suspected: measurements.silentMs >= measurements.patienceMs,
      inSync: measurements.match >= raft.status.commit,
      score: score.value,
      signs: report?.signs ?? null,
    };
  }
}
