import test from 'ava';
import { contenders, NEURAL } from '../../src/cli/forecasting/candidates.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Candidate, History } from '../../src/prediction/forecast.ts';
import { leastAlone } from '../../src/prediction/neural/adapt.ts';
import { baseModelFile, loadModel } from '../../src/prediction/neural/model-file.ts';
import { until } from '../../src/prediction/selection/roll.ts';
import { profileOf } from '../../src/prediction/series/profile.ts';
import { dayShape, historyOf, seasonal } from '../prediction/processes.ts';

test('the network learns from one series where that is long enough, and errs less on what comes after', async (t) => {
  const all = contenders({ without: [], follows: false, model: await loadModel(baseModelFile) });
  t.teardown(() => all.close());
  const history = historyOf(seasonal(seededRandom('alone'), leastAlone + 300, dayShape(24), 0.5));
  const past = until(history, leastAlone);
  const asked = { horizon: 12, season: null };
  t.is(await all.adaptedTo(until(history, leastAlone - 1), asked), all.candidates);
  const own = await all.adaptedTo(past, asked);
  const [before, after] = [await errorOf(all.candidates, history), await errorOf(own, history)];
  t.true(after < before, `${after}, ${before} without`);
});

/** Mean absolute error of the network on what comes after `leastAlone` values. */
async function errorOf(candidates: readonly Candidate[], history: History): Promise<number> {
  const gru = candidates.find(({ name }) => name === NEURAL);
  const origins = Array.from({ length: 24 }, (_, i) => leastAlone + 12 * i);
  const pasts = origins.map((origin) => until(history, origin));
  const forecasts = await gru!.forecast(pasts, profileOf(pasts[0]!, null), 12);
  const errors = forecasts.flatMap((ahead, i) =>
    [...ahead].map((value, step) => Math.abs(value - history.values[origins[i]! + step]!)),
  );
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}
