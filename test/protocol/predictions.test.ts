import test from 'ava';
import {
  decodePredictionsReply,
  decodePredictionsRequest,
  encodePredictionsReply,
  encodePredictionsRequest,
} from '../../src/protocol/predictions.ts';
import { b } from '../state/commands.ts';
import { generatedBytes, generatedView } from './generated.ts';

const counts = {
  keys: 2,
  series: 3,
  mostSeries: 4096,
  refused: 99_000,
  ready: 3,
  waiting: 1,
  forecasts: 1e9,
  choices: 5,
  errors: 6,
  memoryBytes: 5e9,
  notNumbers: 7,
  dropped: 8,
  wentBack: 9,
  preApplied: 10,
  behaviour: 11,
};
const status = {
  state: 'running',
  counts,
  lastError: 'why',
  cpuShare: 0.125,
  scaledError: 0,
  models: [
    { name: 'gru-base', hash: 'ab', fault: '' },
    { name: 'other', hash: '', fault: 'damaged' },
  ],
  met: { count: 12, error: 0.25, lastError: 0.75 },
};
const plain = {
  node: 'n1',
  status,
  series: [
    {
      space: 'PLANES',
      key: Buffer.from('k'),
      pointer: '/cpu',
      model: 'ses+gru',
      stepMs: 1000,
      endMs: 1.7e12,
      lastValue: -0.5,
      steps: [
        { mean: 1, lower: 0, upper: 2, confidence: 0.75, changeProbability: 0 },
        { mean: 0, lower: -1, upper: 0, confidence: 0, changeProbability: 0.5 },
      ],
      observations: 20,
      scored: 12,
      error: 0.25,
      naiveError: 0.5,
      coverage: 0.9,
      inputs: ['operations/k//rate', 'nodes/n1/cpu'],
    },
  ],
  more: true,
  behaviour: [{ key: Buffer.from('node/cpu'), model: 'ar', steps: [{ mean: 0.5 }] }],
};

test('predictions', (t) => {
  const reply = decodePredictionsReply(generatedBytes('PredictionsReply', plain));
  t.like(reply, { node: 'n1', more: true });
  t.deepEqual(
    reply.behaviour.map(({ key, mean }) => [key, mean]),
    [[b('node/cpu'), [0.5]]],
  );
  const { counts: _, ...others } = status;
  t.deepEqual(reply.status as object, {
    ...others,
    ...counts,
    models: status.models.map((model) => ({ ...model, fault: model.fault === '' ? null : model.fault })),
  });
  const { steps, ...rest } = plain.series[0]!;
  t.deepEqual(reply.series as readonly object[], [
    {
      ...rest,
      space: 'planes',
      key: b('k'),
      mean: steps.map(({ mean }) => mean),
      lower: steps.map(({ lower }) => lower),
      upper: steps.map(({ upper }) => upper),
      confidence: steps.map(({ confidence }) => confidence),
      changeProbability: steps.map(({ changeProbability }) => changeProbability),
    },
  ]);
  t.deepEqual(
    generatedView('PredictionsReply', encodePredictionsReply(reply)),
    generatedView('PredictionsReply', generatedBytes('PredictionsReply', plain)),
  );
});

test('what is not known stays unknown', (t) => {
  const bare = decodePredictionsReply(generatedBytes('PredictionsReply', { status: { state: 'off' } }));
  t.deepEqual([bare.status.scaledError, bare.status.lastError, bare.series.length], [null, null, 0]);
  t.deepEqual(decodePredictionsReply(encodePredictionsReply(bare)), bare);
  t.throws(() => decodePredictionsReply(generatedBytes('PredictionsReply', {})), {
    code: 'invalid-argument',
  });
});

test('the request', (t) => {
  for (const after of [null, { space: 'planes', key: b('p/k'), pointer: '/cpu' }] as const) {
    const request = { prefix: b('p/'), limit: 7, after };
    t.deepEqual(decodePredictionsRequest(encodePredictionsRequest(request)), request);
  }
  const request = {
    prefix: b('p/'),
    limit: 7,
    after: { space: 'planes', key: b('k'), pointer: '/x' },
  } as const;
  t.deepEqual(
    generatedView('PredictionsRequest', encodePredictionsRequest(request)),
    generatedView(
      'PredictionsRequest',
      generatedBytes('PredictionsRequest', {
        prefix: Buffer.from('p/'),
        limit: 7,
        after: { space: 'PLANES', key: Buffer.from('k'), pointer: '/x' },
      }),
    ),
  );
});
