import { asError, TanistError } from '../foundation/errors.ts';
import { noSession, type Term } from '../foundation/ids.ts';
import { limits, type RequestLimits } from '../foundation/limits.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { Prediction, PredictionSource } from '../ports/prediction.ts';
import { predictionBound } from '../protocol/parts/prediction.ts';
import { encodeCommandBatch } from '../protocol/write-command.ts';
import type { Raft } from '../raft/raft.ts';
import { faultOfPrediction } from '../state/predicted/check.ts';
import type { ClusterClock } from './cluster-clock.ts';
import type { ProposalOutcome, ProposalQueue } from './proposals.ts';
import { leadsNot } from './refusals.ts';

/** Predictions that were kept, and those that no longer held when it was their turn. */
export interface PredictionsApplied {
  readonly kept: number;
  readonly dropped: number;
}

export interface PredictionProposalsParts {
  readonly raft: Raft;
  readonly nodeLog: NodeLog;
  readonly proposals: ProposalQueue;
  readonly requestLimits: RequestLimits;
  /** Absent: nothing is held ready for a promotion. */
  readonly source: PredictionSource | undefined;
  readonly clusterClock: ClusterClock;
  readonly wake: () => void;
}

/** How predictions of this node get into the log: those held ready with the first block of its leadership, others whenever it leads. */
export class PredictionProposals {
  readonly #parts: PredictionProposalsParts;
  #appliedIn: Term | null = null;

  constructor(parts: PredictionProposalsParts) {
    this.#parts = parts;
  }

  /**
   * Leadership is won: what the source holds ready goes out before anything else, with the no-op. It is applied behind all that the log had, so
   * whatever of it is outdated by entries that this node has not applied yet is dropped then. Never in the way: without predictions it leads as well.
   */
  elected(term: Term): void {
    const { source, nodeLog, clusterClock } = this.#parts;
    // Who has seen no stamp cannot say of any moment whether it has passed.
    if (source === undefined || this.#appliedIn === term || !clusterClock.knowsTime) return;
    this.#appliedIn = term;
    try {
      const ready = this.#within(source.preApply(clusterClock.now()));
      if (ready.length > 0) this.#propose(ready, (outcome) => this.#told(term, outcome));
    } catch (error) {
      nodeLog.error('pre-apply-failed', { term, error: asError(error).message });
    }
  }

  /** Resolves when they are applied. Errors: `not-leader`, `invalid-argument`, `overloaded`, `too-many-predictions`, `under-doubt`. */
  propose(predictions: readonly Prediction[]): Promise<PredictionsApplied> {
    return new Promise((resolve, reject) => {
      if (this.#parts.raft.status.role !== 'leader') throw leadsNot();
      const fits = this.#within(predictions);
      if (fits.length < predictions.length)
        throw new TanistError(
          'invalid-argument',
          `${predictions.length - fits.length} of ${predictions.length} predictions are malformed, or too many for one command`,
        );
      this.#propose(predictions, (outcome) => {
        const applied = appliedOf(outcome);
        if (applied instanceof TanistError) reject(applied);
        else resolve(applied);
      });
      this.#parts.wake();
    });
  }

  /** The first of them that are well-formed and fit into one command. */
  #within(predictions: readonly Prediction[]): readonly Prediction[] {
    const { requestLimits, nodeLog } = this.#parts;
    const fits: Prediction[] = [];
    let bytes = 0;
    for (const prediction of predictions) {
      const fault = faultOfPrediction(prediction, requestLimits);
      bytes += fault === null ? predictionBound(prediction) : 0;
      if (fits.length >= limits.predictionsPerCommand || bytes > limits.predictionBytesPerCommand) break;
      if (fault === null) fits.push(prediction);
      else nodeLog.warn('prediction-malformed', { fault });
    }
    return fits;
  }

  #propose(predictions: readonly Prediction[], settle: (outcome: ProposalOutcome) => void): void {
    const commands = [{ kind: 'predict', predictions }] as const;
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    this.#parts.proposals.add({ bytes: encodeCommandBatch(batch), batch, settle, early: null });
  }

  #told(term: Term, outcome: ProposalOutcome): void {
    const { nodeLog } = this.#parts;
    const applied = appliedOf(outcome);
    if (applied instanceof TanistError) nodeLog.warn('pre-apply-failed', { term, error: applied.message });
    else nodeLog.info('pre-applied', { term, ...applied });
  }
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
