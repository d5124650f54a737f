import { asError } from '../../foundation/errors.ts';
import { driven } from '../../prediction/candidates/driven.ts';
import { classicalCandidates } from '../../prediction/candidates/index.ts';
import type { Candidate } from '../../prediction/forecast.ts';
import { gruCandidate } from '../../prediction/neural/candidate.ts';
import type { Model } from '../../prediction/neural/model.ts';
import { startPredictionWorker } from './prediction-worker.ts';

export const NEURAL = 'gru';

/** The candidates of the commands, and what to close when they are no longer asked. */
export interface Contenders {
  readonly candidates: readonly Candidate[];
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
  const neural = worker === null || model === null ? [] : [gruCandidate(worker, [model], NEURAL)];
  let said = false;
  return {
    candidates: [...classical, ...neural],
    onFault: (candidate, error) => {
      if (!said) process.stderr.write(`tanist: ${candidate} is left out: ${asError(error).message}\n`);
      said = true;
    },
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
