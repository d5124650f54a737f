import { asError } from '../../foundation/errors.ts';
import { adapt } from '../../prediction/neural/learning.ts';
import type { Model } from '../../prediction/neural/model.ts';
import { baseModelFile, loadModel } from '../../prediction/neural/model-file.ts';
import { profileOf } from '../../prediction/series/profile.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { allNames, leftOut, NEURAL, type Recipe } from './candidates.ts';
import { startPredictionWorker } from './prediction-worker.ts';
import type { Task } from './tasks.ts';

/** With fewer series of one kind there is too little to adapt a shared model to. */
const ENOUGH_SERIES = 20;

/** @throws `UsageError` for a name in `--without` that no candidate has */
export function refuseUnknown(without: readonly string[]): void {
  const names = allNames();
  const unknown = without.find((part) => !names.some((name) => leftOut(name, [part])));
  if (unknown !== undefined)
    throw new UsageError(`--without: there is no model ${unknown}; there are ${names.join(', ')}`);
  if (leftOut('last-value', without))
    throw new UsageError('--without: last-value is what others are measured by, it stays');
}

/**
 * What the candidates for these tasks are made from. With many series in one file (`--m4`) the recurrent network is first trained further on
 * their past, all together; what a test judges by is not in it. Without its model file the others go on, and that is said.
 */
export async function recipeFor(
  tasks: readonly Task[],
  without: readonly string[],
  warn: (line: string) => void,
  onProgress: (text: string) => void,
): Promise<Recipe> {
  const follows = tasks.some(({ series }) => (series.columns?.length ?? 0) > 0);
  if (leftOut(NEURAL, without)) return { without, follows, model: null };
  try {
    const base = await loadModel(baseModelFile);
    const past = tasks.map(pastOf).filter((series) => series !== null);
    if (past.length < ENOUGH_SERIES) return { without, follows, model: base };
    onProgress(`adapting the recurrent network to ${past.length} series`);
    return { without, follows, model: await adapted(base, past, tasks[0]?.horizon ?? 1) };
  } catch (error) {
    warn(`without the recurrent network: ${asError(error).message}`);
    return { without, follows, model: null };
  }
}

interface Past {
  readonly values: Float64Array;
  readonly seasons: readonly number[];
}

function pastOf({ kind, series, horizon, season, common }: Task): Past | null {
  if (!common) return null;
  const { history } = series;
  const length = kind === 'm4' ? history.values.length - horizon : history.values.length;
  const values = history.values.slice(0, length);
  return { values, seasons: profileOf({ ...history, values }, season).seasons };
}

async function adapted(base: Model, past: readonly Past[], horizon: number): Promise<Model> {
  const worker = startPredictionWorker();
  try {
    return await adapt(worker, base, past, { horizons: [Math.max(1, Math.floor(horizon / 4)), horizon] });
  } finally {
    await worker.close();
  }
}
