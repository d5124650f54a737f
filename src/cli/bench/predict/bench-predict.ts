import { runParts } from '../parts/run-parts.ts';
import { type BenchPredictOptions, partNames } from './options.ts';
import { parts } from './parts.ts';

/** `bench predict`. */
export function benchPredict(options: BenchPredictOptions): Promise<void> {
  return runParts({ parts, names: options.only ?? partNames, options });
}
