import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { encodeModelFile } from '../../../src/prediction/neural/model-file.ts';
import { baseDefaults, trainBase } from '../../../src/prediction/training/base.ts';
import { cardOf } from '../../../src/prediction/training/card.ts';
import { generateSet } from '../../../src/prediction/training/generate.ts';

const tiny = { ...baseDefaults, steps: 4, series: 12, heldOutSeries: 4, hidden: 4, inner: 4 };

test('the same seed gives the same bytes and card, another seed others', async (t) => {
  const [first, again, other] = [
    await trainBase(tiny),
    await trainBase(tiny),
    await trainBase({ ...tiny, seed: 'another' }),
  ];
  t.deepEqual(encodeModelFile(again.model), encodeModelFile(first.model));
  t.is(cardOf(again), cardOf(first));
  t.notDeepEqual(other.model.weights, first.model.weights);
});

test('generated series are finite, most vary, and they are as long as their seasons need', (t) => {
  const set = generateSet(seededRandom('set'), 200);
  for (const { values, seasons } of set) {
    t.true(values.every(Number.isFinite));
    t.true(values.length >= 300 && values.length <= 2_600);
    for (const season of seasons) t.true(values.length >= 2 * season);
  }
  const varying = set.filter(({ values }) => values.some((value) => value !== values[0]));
  t.true(varying.length > 190);
});
