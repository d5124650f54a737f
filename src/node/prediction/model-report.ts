import type { ModelReport, PredictionSample } from '../../failover/divergence.ts';
import type { ModelSaid } from '../../ports/replication.ts';
import { sampleLength } from '../../prediction/online/samples.ts';

/** What a replica says of its predictions to its peers; its id and its state's trouble are known from elsewhere. */
export type SaidOfModel = Pick<ModelReport, 'scaledError' | 'samples' | 'models'>;

/** [error, models, hash, mean, scale, hash, mean, scale, …] */
export function saidJson({ scaledError, models, samples }: SaidOfModel): ModelSaid {
  return [
    scaledError,
    models,
    ...samples.flatMap(({ hash, mean, scale }) => [hash, short(mean), short(scale)]),
  ];
}

/** Null for anything that is not one. */
export function saidOf(value: unknown): SaidOfModel | null {
  if (!Array.isArray(value)) return null;
  const [scaledError, models, ...numbers] = value as unknown[];
  if (!(scaledError === null || typeof scaledError === 'number') || typeof models !== 'string') return null;
  const samples: PredictionSample[] = [];
  for (let at = 0; at + 2 < numbers.length; at += 3) {
    const [hash, mean, scale] = numbers.slice(at, at + 3);
    if (typeof hash !== 'number' || typeof scale !== 'number') continue;
    // JSON has no NaN: who predicts none says null.
    samples.push({ hash, mean: typeof mean === 'number' ? mean : Number.NaN, scale });
  }
  return { scaledError, models, samples };
}

/** Of the rows that the predictor tells. */
export function samplesOf(rows: readonly number[]): readonly PredictionSample[] {
  const samples: PredictionSample[] = [];
  for (let at = 0; at + sampleLength <= rows.length; at += sampleLength) {
    const [hash = 0, , mean = Number.NaN, scale = 0] = rows.slice(at, at + sampleLength);
    samples.push({ hash, mean, scale });
  }
  return samples;
}

/** Nobody compares more than a few digits. */
function short(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(8)) : null;
}
