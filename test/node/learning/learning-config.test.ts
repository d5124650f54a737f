import { fileURLToPath } from 'node:url';
import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { loadClusterConfig, parseClusterConfig } from '../../../src/node/config/config.ts';
import { defaultLearning } from '../../../src/node/learning/learning-options.ts';

const examples = fileURLToPath(new URL('../../../../cluster-config/', import.meta.url));
const parsed = (learning: object) =>
  parseClusterConfig(
    JSON.stringify({
      cluster: 'c',
      nodes: [{ id: 'a', client: 1, peer: 2, http: 3 }],
      prediction: { learning },
    }),
  ).prediction.learning;

test('the documented values are the defaults', async (t) => {
  t.deepEqual((await loadClusterConfig(`${examples}three-hot.yaml`)).prediction.learning, defaultLearning);
  t.deepEqual(parsed({}), defaultLearning);
  t.deepEqual(parsed({ federated: { wanted: 5 } }).federated, { ...defaultLearning.federated, wanted: 5 });
});

test('what is out of bounds is refused with its name', (t) => {
  for (const [learning, message] of [
    [{ cpu: 2 }, /learning\.cpu.* must be a number from 0\.001 to 1/],
    [{ everyMs: 10 }, /learning\.everyMs.* must be a whole number from 1000/],
    [{ enabled: 'no' }, /learning\.enabled.* must be true or false/],
    [{ federated: { wanted: 0 } }, /learning\.federated\.wanted.* must be a whole number from 1 to 64/],
    [{ federated: { clip: 11 } }, /learning\.federated\.clip.* from 0\.001 to 10/],
    [{ stepz: 1 }, /learning\.stepz: unknown key; .* \(did you mean "steps"\?\)/],
    [
      { federated: { want: 1 } },
      /federated\.want: unknown key; allowed here: enabled, wanted, .* \(did you mean "wanted"\?\)/,
    ],
  ] as const) {
    const error = t.throws(() => parsed(learning), { instanceOf: TanistError, code: 'config-invalid' });
    t.regex(error?.message ?? '', message);
  }
});
