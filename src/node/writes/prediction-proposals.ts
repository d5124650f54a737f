import { asError, TanistError } from '../../foundation/errors.ts';
import { type ClusterTimeMs, clusterTimeMs, noSession, type Term } from '../../foundation/ids.ts';
import { limits, type RequestLimits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CommandBatch } from '../../ports/command.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Prediction, PredictionSource, SealedPrediction } from '../../ports/prediction.ts';
import { sealedBound, sealPrediction } from '../../protocol/parts/prediction.ts';
import { encodeBlock } from '../../protocol/session/block.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { Raft } from '../../raft/raft.ts';
import { faultOfPrediction } from '../../state/predicted/check.ts';
import type { ClusterClock } from '../loop/cluster-clock.ts';
import { type Life, leadsNot, stops } from '../refusals.ts';
import type { DiskGuard } from './disk-guard.ts';
import type { ProposalOutcome, ProposalQueue } from './proposals.ts';

/** Predictions that were kept, and those that no longer held when it was their turn. */
export interface PredictionsApplied {
  readonly kept: number;
  readonly dropped: number;
}

export interface PredictionProposalsParts {
  readonly raft: Raft;
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly proposals: ProposalQueue;
  readonly requestLimits: RequestLimits;
  /** Absent: nothing is held ready for a promotion. */
  readonly source: PredictionSource | undefined;
  readonly clusterClock: ClusterClock;
  readonly life: Life;
  readonly disk: Pick<DiskGuard, 'full'>;
  readonly wake: () => void;
}

const rehearseEveryMs = 2000;
/** After the first block: once the log of the old term is applied, and again where somebody wrote meanwhile. */
const laterRounds = 2;
/** What the source has by then is brought, caught up or not; the rest follows, if it comes before it is no matter any more. */
const patienceMs = 500;
const mostPatienceMs = 3000;
/** Of a block's way to being read; what took longer had other reasons, which are over. */
const mostAheadMs = 1000;

/** One leadership of this node. */
interface Election {
  readonly term: Term;
  readonly atMs: number;
  readonly brought: WeakSet<Prediction>;
}

/** How predictions of this node get into the log: those held ready with the first block of its leadership, others whenever it leads. */
export class PredictionProposals {
  readonly #parts: PredictionProposalsParts;
  #rehearsedMs = Number.NEGATIVE_INFINITY;
  #campaignedMs = Number.POSITIVE_INFINITY;
  #election: Election | null = null;

  constructor(parts: PredictionProposalsParts) {
    this.#parts = parts;
  }

  /** Asks for votes: what that takes, a quorum's round and a sync, the first block will take as well. */
  campaigns(): void {
    this.#campaignedMs = this.#parts.clock.nowMs();
  }

  /**
   * Leadership is won: what the source holds ready goes out with the no-op, in one block. It is applied behind all that the log had, so whatever of it is
   * outdated by entries that this node has not applied yet is dropped then. Never in the way: without predictions it leads as well.
   */
  elected(term: Term): void {
    const { clock, clusterClock, proposals } = this.#parts;
    const nowMs = clock.nowMs();
    const election = { term, atMs: nowMs, brought: new WeakSet<Prediction>() };
    this.#election = election;
    // Who has seen no stamp cannot say of any moment whether it has passed.
    if (!clusterClock.knowsTime) return;
    this.#bring(election, nowMs - this.#campaignedMs, 0);
    this.#campaignedMs = Number.POSITIVE_INFINITY;
    proposals.flush();
  }

  /**
   * All that the log had is applied. What it still changed made predictions void, of a stream whose writes are under way all the time that is all of them; or
   * there was nothing that reached so far from the last value known. Now the same models say more, once they know of it: whatever the source then has that is
   * another than before is brought, too. Whoever wrote meanwhile has the last word as ever: a real write takes a prediction away.
   */
  opened(term: Term): void {
    const election = this.#election;
    if (election?.term !== term || mutant.active === 'nothing-brought-after-opening') return;
    this.#bringLater(election, this.#parts.clock.nowMs() - election.atMs, 1);
  }

  #bringLater(election: Election, aheadMs: number, round: number): void {
    const { source, clock, raft, wake, life } = this.#parts;
    if (source === undefined || round > laterRounds) return;
    const lastMs = clock.nowMs() + mostPatienceMs;
    const bring = (): void => {
      const { role, term } = raft.status;
      if (role !== 'leader' || term !== election.term || life.isStopping || clock.nowMs() > lastMs) return;
      this.#bring(election, aheadMs, round);
      wake();
    };
    const timer = clock.after(patienceMs, bring);
    const isThere = (): void => {
      timer.cancel();
      bring();
    };
    const caughtUp =
      mutant.active === 'brought-before-caught-up'
        ? undefined
        : source.caughtUp?.(() => this.#momentIn(aheadMs));
    Promise.resolve(caughtUp).then(isThere, isThere);
  }

  /** `aheadMs`: until it can be read, for that is the moment that it shall be about. */
  #bring(election: Election, aheadMs: number, round: number): void {
    const { source, nodeLog, clusterClock, disk } = this.#parts;
    const { term, brought } = election;
    if (source === undefined || !clusterClock.knowsTime || disk.full) return;
    try {
      const fresh = source.preApply(this.#momentIn(aheadMs)).filter((each) => !brought.has(each));
      const ready = this.#within(fresh, (fault) => nodeLog.warn('prediction-malformed', { fault }));
      for (const each of fresh) brought.add(each);
      if (ready.length > 0) this.#propose(ready, (outcome) => this.#told(election, outcome, aheadMs, round));
    } catch (error) {
      nodeLog.error('pre-apply-failed', { term, error: asError(error).message });
    }
  }

  #momentIn(aheadMs: number): ClusterTimeMs {
    const nowMs = this.#parts.clusterClock.now();
    return clusterTimeMs(Math.round(nowMs + Math.max(0, Math.min(aheadMs, mostAheadMs))));
  }

  /**
   * With every tick of whoever may take over. What `elected` does is done for nothing now and then: code that has not run for long runs slowly, and a
   * promotion is the wrong moment for it.
   */
  rehearse(): void {
    const { source, clock, clusterClock, raft } = this.#parts;
    const nowMs = clock.nowMs();
    if (source?.rehearse === undefined || !clusterClock.knowsTime || raft.status.role === 'leader') return;
    if (nowMs - this.#rehearsedMs < rehearseEveryMs) return;
    this.#rehearsedMs = nowMs;
    try {
      const ready = this.#within(source.rehearse(clusterClock.now()), () => {});
      encodeBlock(clusterClock.now(), [encodeCommandBatch(batchOf(ready))]);
    } catch {
      // It is said when it matters.
    }
  }

  /** Resolves when they are applied. Errors: `not-leader`, `invalid-argument`, `overloaded`, `disk-full`, `too-many-predictions`, `under-doubt`. */
  propose(predictions: readonly Prediction[]): Promise<PredictionsApplied> {
    return new Promise((resolve, reject) => {
      if (this.#parts.life.isStopping) throw stops();
      if (this.#parts.raft.status.role !== 'leader') throw leadsNot();
      if (this.#parts.disk.full)
        throw new TanistError(
          'disk-full',
          'the disk is nearly full: nothing is predicted until there is room',
        );
      const fits = this.#within(predictions, () => {});
      if (fits.length < predictions.length)
        throw new TanistError(
          'invalid-argument',
          `${predictions.length - fits.length} of ${predictions.length} predictions are malformed, or too many for one command`,
        );
      this.#propose(fits, (outcome) => {
        const applied = appliedOf(outcome);
        if (applied instanceof TanistError) reject(applied);
        else resolve(applied);
      });
      this.#parts.wake();
    });
  }

  /** The first of them that are well-formed and fit into one command. */
  #within(
    predictions: readonly Prediction[],
    malformed: (fault: string) => void,
  ): readonly SealedPrediction[] {
    const { requestLimits } = this.#parts;
    const fits: SealedPrediction[] = [];
    let bytes = 0;
    for (const prediction of predictions) {
      const fault = faultOfPrediction(prediction, requestLimits);
      if (fault !== null) {
        malformed(fault);
        continue;
      }
      const sealed = sealPrediction(prediction);
      bytes += sealedBound(sealed);
      if (fits.length >= limits.predictionsPerCommand || bytes > limits.predictionBytesPerCommand) break;
      fits.push(sealed);
    }
    return fits;
  }

  #propose(predictions: readonly SealedPrediction[], settle: (outcome: ProposalOutcome) => void): void {
    const batch = batchOf(predictions);
    this.#parts.proposals.add({ bytes: encodeCommandBatch(batch), batch, settle, early: null });
  }

  #told(election: Election, outcome: ProposalOutcome, aheadMs: number, round: number): void {
    const { nodeLog } = this.#parts;
    const { term } = election;
    const applied = appliedOf(outcome);
    if (applied instanceof TanistError) {
      nodeLog.warn('pre-apply-failed', { term, error: applied.message });
      return;
    }
    nodeLog.info('pre-applied', { term, ...applied });
    if (round > 0 && applied.dropped > 0) this.#bringLater(election, aheadMs, round + 1);
  }
}

function batchOf(predictions: readonly SealedPrediction[]): CommandBatch {
  const commands = [{ kind: 'predict', predictions }] as const;
  return { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
}

function appliedOf(outcome: ProposalOutcome): PredictionsApplied | TanistError {
  if (outcome.kind === 'refused') {
    const { code, message, indeterminate } = outcome;
    return new TanistError(code, message, { indeterminate });
  }
  const [result] = outcome.results;
  if (result?.kind === 'predict') return { kept: result.kept, dropped: result.dropped };
  if (result?.kind === 'failed') return new TanistError(result.code, result.message);
  return new TanistError('indeterminate', 'predictions were answered by something else');
}
