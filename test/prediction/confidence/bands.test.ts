import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { classicalCandidates } from '../../../src/prediction/candidates/index.ts';
import { type Band, levelOf, quantilesOf } from '../../../src/prediction/confidence/bands.ts';
import { selectBestModel } from '../../../src/prediction/selection/select-best-model.ts';
import { dayShape, seasonal } from '../processes.ts';

const band = (level: number, lower: number, upper: number): Band => ({
  level,
  lower: Float64Array.of(lower),
  upper: Float64Array.of(upper),
});

test('quantiles are ends of intervals, the middle one the mean, and do not cross', (t) => {
  t.deepEqual([0.05, 0.1, 0.9, 0.25].map(levelOf), [0.9, 0.8, 0.8, 0.5]);
  const mean = Float64Array.of(10);
  const bands = [band(0.8, 7, 14), band(0.5, 8, 15)];
  t.deepEqual(quantilesOf(mean, bands, [0.5, 0.1, 0.9]), [[10], [7], [14]]);
  // That of 75 % lies above that of 90 %.
  t.deepEqual(quantilesOf(mean, bands, [0.9, 0.25, 0.75, 0.1]), [[15], [8], [14], [7]]);
  t.deepEqual(quantilesOf(mean, bands, []), []);
});

test('further levels hold what they say, and change nothing of the forecast', async (t) => {
  const values = seasonal(seededRandom('bands'), 24 * 40, dayShape(24), 1);
  const history = (end: number) => ({ values: values.slice(0, end), stepMs: 1, endMs: end });
  const options = { candidates: classicalCandidates, horizon: 3 };
  const levels = [0.5, 0.8];
  const plain = await selectBestModel(history(480), options);
  const selected = await selectBestModel(history(480), { ...options, levels });
  const within = levels.map(() => 0);
  let count = 0;
  for (let end = 480; end + 3 <= values.length; end += 3) {
    const { further = [], ...forecast } = await selected.next(history(end));
    t.deepEqual(forecast, await plain.next(history(end)));
    for (let step = 0; step < 3; step++) {
      count++;
      for (const [i, { lower, upper }] of further.entries())
        if (values[end + step]! >= lower[step]! && values[end + step]! <= upper[step]!) within[i]! += 1;
    }
  }
  for (const [i, level] of levels.entries())
    t.true(Math.abs(within[i]! / count - level) < 0.06, `${level}: ${within[i]! / count}`);
});
