import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { averaged, blurred, clipped, difference, norm } from '../../../src/prediction/neural/federated.ts';

const floats = (...values: number[]) => new Float32Array(values);

test('a move is what was added, and is cut to the norm', (t) => {
  t.deepEqual(difference(floats(1, 2), floats(4, 6)), floats(3, 4));
  t.is(norm(floats(3, 4)), 5);
  t.deepEqual(clipped(floats(3, 4), 10), floats(3, 4));
  t.deepEqual(clipped(floats(6, 8), 5), floats(3, 4));
  t.throws(() => difference(floats(1), floats(1, 2)), { code: 'model-invalid' });
});

test('updates count by their samples, and none by more than the norm', (t) => {
  const common = floats(1, 1);
  const updates = [
    { move: floats(1, 0), samples: 3 },
    { move: floats(0, 1), samples: 1 },
  ];
  t.deepEqual(averaged(common, updates, 10), floats(1.75, 1.25));
  const loud = [...updates, { move: floats(4_000, 3_000), samples: 4 }];
  t.deepEqual(
    averaged(floats(0, 0), loud, 1).map((each) => Math.round(each * 1e5) / 1e5),
    floats(0.775, 0.425),
  );
});

test('what cannot be averaged is refused', (t) => {
  const common = floats(1, 1);
  t.throws(() => averaged(common, [], 1), { code: 'invalid-argument' });
  t.throws(() => averaged(common, [{ move: floats(1, 1), samples: 0 }], 1), { code: 'invalid-argument' });
  t.throws(() => averaged(common, [{ move: floats(1), samples: 1 }], 1), { code: 'model-invalid' });
  t.throws(() => averaged(common, [{ move: floats(1, Number.NaN), samples: 1 }], 1), {
    code: 'model-invalid',
  });
});

test('noise has the spread asked for, and its seed repeats it', (t) => {
  const still = new Float32Array(20_000);
  const noisy = blurred(still, 0.5, seededRandom('noise'));
  t.true(Math.abs(norm(noisy) / Math.sqrt(still.length) - 0.5) < 0.02);
  t.deepEqual(blurred(still, 0.5, seededRandom('noise')), noisy);
  t.deepEqual(blurred(still, 0, seededRandom('noise')), still);
});
