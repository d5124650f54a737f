import { join } from 'node:path';
import type { TanistClient } from '../../../../client/index.ts';
import { TanistError } from '../../../../foundation/errors.ts';
import { prepareFolder } from '../../../../storage/level/data-folder.ts';
import { atMost, explains, type Figure } from '../../parts/figure.ts';
import type { PartContext } from '../../parts/part.ts';
import type { BenchPredictOptions } from '../options.ts';
import { errorsOf, type Judged, type Replayed, replayedSeries, replayPrefix } from './replayed.ts';

/** One cluster, in which the series are replayed until it loses who led. */
export interface Promotion extends PartContext<BenchPredictOptions> {
  readonly series: readonly Replayed[];
  readonly promotion: number;
}

const copies = 4;

/** As many promotions as the options ask for, each with stretches of `steps` values. */
export async function measurePromotions(
  context: PartContext<BenchPredictOptions>,
  steps: number,
  once: (promotion: Promotion) => Promise<readonly Judged[]>,
): Promise<readonly Figure[]> {
  const { data, promotions, seed } = context.options;
  if (data === undefined) throw new TanistError('invalid-argument', 'name a folder of CSV files: --data DIR');
  const judged: Judged[] = [];
  for (let promotion = 0; promotion < promotions; promotion++) {
    const series = await replayedSeries(data, { copies, steps, seed: seed + promotion });
    const folder = join(context.folder, String(promotion));
    await prepareFolder(folder);
    const found = await once({ ...context, series, folder, promotion });
    const { without, with: predicted, predictedShare } = errorsOf(found);
    context.say(
      `promotion ${promotion + 1}: error ${without.toFixed(3)} without, ${predicted.toFixed(3)} with prediction; ${(100 * predictedShare).toFixed(0)} % of ${found.length} keys predicted`,
    );
    judged.push(...found);
  }
  return figuresOf(judged);
}

/** Of all promotions together. */
function figuresOf(judged: readonly Judged[]): readonly Figure[] {
  const { without, with: predicted, predictedShare } = errorsOf(judged);
  return [
    explains('mean error without prediction', without, "of the series' movement in 12 steps"),
    explains('mean error with prediction', predicted, "of the series' movement in 12 steps"),
    atMost('with against without', predicted / without, '×', 0.85),
    explains('keys predicted', 100 * predictedShare, '%'),
    explains('keys judged', judged.length, ''),
  ];
}

/** What is read of all keys, against what the series are at that step. */
export async function judge(
  client: TanistClient,
  series: readonly Replayed[],
  stepNow: () => number,
): Promise<readonly Judged[]> {
  const { values, predictions } = await client.get(replayPrefix, {
    prefix: true,
    consistency: 'predicted',
    minConfidence: 0,
  });
  const step = stepNow();
  const held = new Map(values.map(({ key, value }) => [textOf(key), Number(textOf(value))]));
  const predicted = new Map(predictions.map(({ key, value }) => [textOf(key), Number(textOf(value))]));
  return series.flatMap(({ key, values: truth, scale }) => {
    const last = held.get(key);
    if (last === undefined) return [];
    return [{ held: last, predicted: predicted.get(key) ?? null, truth: truth[step] ?? Number.NaN, scale }];
  });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
