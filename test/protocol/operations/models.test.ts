import test from 'ava';
import {
  decodeContribution,
  decodeContributionTaken,
  decodeModelReply,
  decodeModelRequest,
  encodeContribution,
  encodeContributionTaken,
  encodeModelReply,
  encodeModelRequest,
} from '../../../src/protocol/operations/models.ts';
import { generatedBytes, generatedView } from '../generated.ts';

const facts = {
  name: 'gru',
  version: 3,
  hash: 'a1'.repeat(32),
  parent: 'b2'.repeat(32),
  kind: 'federated',
  madeAtMs: 1e12,
  samples: 4000,
  contributors: 2,
  judgedBy: 'contributors',
  before: 0.9,
  after: 0.8,
  judgedSeries: 2,
  reason: 'the mean of 2 contributions',
  bytes: 48_000,
};
const learning = {
  state: 'trying',
  model: facts,
  rounds: 9,
  published: 2,
  rejected: 7,
  discarded: 1,
  rolledBack: 1,
  lastRejection: 'no better',
  lastRollBack: 'worse',
  lastError: 'died',
  cpuShare: 0.05,
};
const contributions = { contributed: 5, refused: 4, waiting: 1, wanted: 3 };
const learntFrom = { series: 100, leftOut: 3, bytes: 1_000_000, shown: 12 };
const contribution = {
  model: 'gru',
  base: 'a1'.repeat(32),
  delta: [...new Uint8Array(new Float32Array([0.5, -1.25]).buffer)],
  samples: 4000,
  clip: 1,
  noise: 0.25,
  contributor: 'host-1',
  errorBefore: 0.9,
  errorAfter: 0.8,
};

test('the model and how it learns', (t) => {
  const plain = {
    node: 'n0',
    file: [1, 2, 3],
    learning: { ...learning, contributions, learntFrom },
    publishing: 'UNCHANGED',
  };
  const reply = decodeModelReply(generatedBytes('ModelReply', plain));
  const known = { ...learning, ...contributions, ...learntFrom };
  t.deepEqual(reply, {
    node: 'n0',
    file: Buffer.from([1, 2, 3]),
    learning: known,
    publishing: 'unchanged',
  } as never);
  t.deepEqual(
    generatedView('ModelReply', encodeModelReply(reply)),
    generatedView('ModelReply', generatedBytes('ModelReply', plain)),
  );
  const unmeasured = {
    ...reply,
    learning: { ...reply.learning, model: { ...reply.learning.model!, after: Number.NaN } },
  };
  t.is(decodeModelReply(encodeModelReply(unmeasured)).learning.model!.after, Number.NaN);
  const none = { ...reply, learning: { ...reply.learning, model: null } };
  t.is(decodeModelReply(encodeModelReply(none)).learning.model, null);
  t.true(decodeModelRequest(encodeModelRequest(true)).file);
  t.false(decodeModelRequest(generatedBytes('ModelRequest', {})).file);
});

test('a contribution', (t) => {
  const bytes = generatedBytes('Contribution', contribution);
  const given = decodeContribution(bytes);
  t.deepEqual([...given.delta], [0.5, -1.25]);
  t.like(given, {
    samples: 4000,
    clip: 1,
    noise: 0.25,
    contributor: 'host-1',
    reported: { before: 0.9, after: 0.8 },
  });
  t.deepEqual(generatedView('Contribution', encodeContribution(given)), generatedView('Contribution', bytes));
  t.is(decodeContribution(encodeContribution({ ...given, reported: null })).reported, null);
  const taken = { waiting: 1, wanted: 3 };
  t.deepEqual(decodeContributionTaken(generatedBytes('ContributionTaken', taken)), taken);
  t.deepEqual(generatedView('ContributionTaken', encodeContributionTaken(taken)), taken);
});

test('what is no update, or too large a one, is refused', (t) => {
  const of = (delta: number[]) => generatedBytes('Contribution', { ...contribution, delta });
  t.throws(() => decodeContribution(of([1, 2, 3])), { code: 'model-invalid', message: /3 bytes/ });
  t.throws(() => decodeContribution(of(Array.from({ length: 4 * 1024 * 1024 + 4 }, () => 0))), {
    code: 'value-too-large',
  });
  t.throws(() => decodeContribution(Buffer.from([0x1a, 0x7f])), { code: 'invalid-argument' });
  t.throws(() => decodeModelReply(Buffer.alloc(0)), { code: 'invalid-argument' });
  t.throws(
    () => decodeModelReply(generatedBytes('ModelReply', { learning: { ...learning, state: 'odd' } })),
    {
      code: 'invalid-argument',
    },
  );
});
