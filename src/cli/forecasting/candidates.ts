import { asError } from '../../foundation/errors.ts';
import { driven } from '../../prediction/candidates/driven.ts';
import { classicalCandidates } from '../../prediction/candidates/index.ts';
import type { Candidate, History } from '../../prediction/forecast.ts';
import { leastAlone, optionsForSeries } from '../../prediction/neural/adapt.ts';
import { gruCandidate } from '../../prediction/neural/candidate.ts';
import { adapt } from '../../prediction/neural/learning.ts';
import type { Model } from '../../prediction/neural/model.ts';
import { profileOf } from '../../prediction/series/profile.ts';
import { startPredictionWorker } from './prediction-worker.ts';
import type { Task } from './tasks.ts';

export const NEURAL = 'gru';

/** The candidates of the commands, and what to close when they are no longer asked. */
export interface Contenders {
  readonly candidates: readonly Candidate[];
  /** The same, the recurrent network trained further on the past of the series that is to be forecast, where that is long enough. */
  adaptedTo(past: History, task: Pick<Task, 'horizon' | 'season'>): Promise<readonly Candidate[]>;
  /** Says once on standard error that a candidate failed. */
  onFault(candidate: string, error: unknown): void;
  close(): Promise<void>;
}

/** What the candidates are made from; crosses to threads. */
export interface Recipe {
  readonly without: readonly string[];
  /** There are columns that series may follow. */
  readonly follows: boolean;
  /** Of the recurrent network; null: it does not take part. */
  readonly model: Model | null;
}

/** All candidates but those left out. The one place where a candidate is added to what the commands use. */
export function contenders({ without, follows, model }: Recipe): Contenders {
  const known = follows ? [...classicalCandidates, driven] : classicalCandidates;
  const classical = known.filter(({ name }) => !leftOut(name, without));
  const worker = model === null ? null : startPredictionWorker();
  const withModel = (own: Model | null): readonly Candidate[] =>
    worker === null || own === null ? classical : [...classical, gruCandidate(worker, [own], NEURAL)];
  const candidates = withModel(model);
  let said = false;
  const onFault = (candidate: string, error: unknown): void => {
    if (!said) process.stderr.write(`tanist: ${candidate} is left out: ${asError(error).message}\n`);
    said = true;
  };
  return {
    candidates,
    adaptedTo: async (past, { horizon, season }) => {
      if (worker === null || model === null || past.values.length < leastAlone) return candidates;
      const { kind, seasons } = profileOf(past, season);
      if (kind !== 'numeric') return candidates;
      try {
        const series = [{ values: past.values.slice(), seasons }];
        return withModel(await adapt(worker, model, series, optionsForSeries(horizon)));
      } catch {
        // As it is it may still serve; what is wrong with its thread is told when it is asked.
        return candidates;
      }
    },
    onFault,
    close: async () => worker?.close(),
  };
}

export function allNames(): readonly string[] {
  return [...[...classicalCandidates, driven].map(({ name }) => name), NEURAL];
}

/** A name stands for a candidate, or for a family that its names begin with (`analog`). */
export function leftOut(name: string, without: readonly string[]): boolean {
  return without.some((part) => name === part || name.startsWith(`${part}-`));
}
