import test from 'ava';
import { type LocalUpdate, localUpdate } from '../../../src/prediction/learning/local-update.ts';
import { norm } from '../../../src/prediction/neural/federated.ts';
import { encodeContribution } from '../../../src/protocol/operations/models.ts';
import { generatedView } from '../../protocol/generated.ts';
import { drifting, parts, quick, small } from './processes.ts';

const options = { ...quick, steps: 15, seed: 'private' };
const privacy = { clip: 0.5, noise: 0 };
const message = ({ delta, samples, reported }: LocalUpdate, { clip, noise } = privacy): Buffer =>
  encodeContribution({
    model: 'gru-base',
    base: 'ab'.repeat(32),
    delta,
    samples,
    clip,
    noise,
    contributor: 'me',
    reported,
  });
const update = (of: (value: number) => number, name: string, endMs: number, rest = privacy) =>
  localUpdate(
    small,
    [{ name, history: { values: drifting(420).map(of), stepMs: 1000, endMs } }],
    options,
    rest,
    parts(small.size),
  );

test('a contribution consists of the named fields and of nothing else', async (t) => {
  const made = await update((value) => value, 'secret-host', 1e12);
  const bytes = message(made);
  const fields = generatedView('Contribution', bytes) as Record<string, unknown>;
  t.deepEqual(Object.keys(fields).sort(), [
    ...['base', 'clip', 'contributor', 'delta', 'errorAfter', 'errorBefore', 'model', 'noise', 'samples'],
  ]);
  const named = message({ ...made, delta: new Float32Array() }).length;
  t.true(
    bytes.length <= named + 4 * small.weights.length + 8,
    'beside the weights there is room for nothing',
  );
  t.false(bytes.includes('secret'));
  t.true(norm(made.delta) <= privacy.clip * (1 + 1e-5));
});

test('two sets of data with equal updates are told apart by no byte', async (t) => {
  // What the network sees of a series is in units of its own spread: by a power of two that is exact, so these two train alike.
  const one = await update((value) => value, 'temperature', 1e12);
  const other = await update((value) => value * 4096, 'salaries', 1.7e12);
  t.is(one.fullNorm, other.fullNorm);
  t.deepEqual(message(one), message(other));
});

test('noise is drawn on every weight, of the strength that is said', async (t) => {
  const [plain, noisy] = [
    await update((value) => value, 's', 1e12),
    await update((value) => value, 's', 1e12, { clip: 0.5, noise: 0.1 }),
  ];
  const noise = plain.delta.map((part, index) => noisy.delta[index]! - part);
  const deviation = norm(noise) / Math.sqrt(noise.length);
  t.true(Math.abs(deviation - 0.05) < 0.005, `${deviation}`);
});

test('nothing long enough is refused, and nothing is sent', async (t) => {
  const short = [{ name: 's', history: { values: drifting(50), stepMs: 1000, endMs: 0 } }];
  await t.throwsAsync(localUpdate(small, short, options, privacy, parts(small.size)), {
    code: 'invalid-argument',
    message: /no series is long enough/,
  });
});
