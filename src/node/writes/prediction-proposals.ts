import { asError, TanistError } from '../../foundation/errors.ts';
import { noSession, type Term } from '../../foundation/ids.ts';
import { limits, type RequestLimits } from '../../foundation/limits.ts';
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
/** Once the source knows what was applied, and once more when it has had time for all of it. */
const againAfterMs = [1, 50] as const;

/** How predictions of this node get into the log: those held ready with the first block of its leadership, others whenever it leads. */
export class PredictionProposals {
  readonly #parts: PredictionProposalsParts;
  #rehearsedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: PredictionProposalsParts) {
    this.#parts = parts;
  }

  /**
   * Leadership is won: what the source holds ready goes out with the no-op, in one block. It is applied behind all that the log had, so whatever of it is
   * outdated by entries that this node has not applied yet is dropped then. Never in the way: without predictions it leads as well.
   */
  elected(term: Term): void {
    const { source, clusterClock, proposals, disk } = this.#parts;
    // Who has seen no stamp cannot say of any moment whether it has passed.
    if (source === undefined || !clusterClock.knowsTime || disk.full) return;
    clusterClock.leads(term);
    this.#bring(term, source, 0);
    proposals.flush();
  }

  #bring(term: Term, source: PredictionSource, round: number): void {
    const { nodeLog, clusterClock } = this.#parts;
    try {
      const ready = this.#within(source.preApply(clusterClock.now()), (fault) =>
        nodeLog.warn('prediction-malformed', { fault }),
      );
      if (ready.length > 0) this.#propose(ready, (outcome) => this.#told(term, outcome, round));
    } catch (error) {
      nodeLog.error('pre-apply-failed', { term, error: asError(error).message });
    }
  }

  /**
   * What the log of the old term still changed made predictions void: of a stream whose writes are under way all the time that is all of them. Now that it is
   * applied the same models say more. Whoever wrote meanwhile has the last word as ever: a real write takes a prediction away.
   */
  #bringAgain(term: Term, round: number): void {
    const { source, clock, raft, wake } = this.#parts;
    if (source === undefined || round >= againAfterMs.length) return;
    clock.after(againAfterMs[round] ?? 0, () => {
      const { role, term: now } = raft.status;
      if (role !== 'leader' || now !== term || this.#parts.life.isStopping) return;
      this.#bring(term, source, round + 1);
      wake();
    });
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

  #told(term: Term, outcome: ProposalOutcome, round: number): void {
    const { nodeLog } = this.#parts;
    const applied = appliedOf(outcome);
    if (applied instanceof TanistError) {
      nodeLog.warn('pre-apply-failed', { term, error: applied.message });
      return;
    }
    nodeLog.info('pre-applied', { term, ...applied });
    if (applied.dropped > 0) this.#bringAgain(term, round);
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
