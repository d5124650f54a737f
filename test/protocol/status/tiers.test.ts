import test from 'ava';
import {
  encodeMeasureRequest,
  measureReply,
  mostMeasuredBytes,
} from '../../../src/protocol/operations/measure.ts';
import { decodeTiersReply, encodeTiersReply } from '../../../src/protocol/status/tiers.ts';
import { generatedBytes, generatedView } from '../generated.ts';

const step = {
  kind: 'replace',
  id: 'n3',
  to: 'hot',
  lost: 'n2',
  rule: 'lost',
  reason: 'n2 has not been heard for 42 s',
  mustLastMs: 60_000,
  forMs: 12.5,
  holdMs: 213_000,
  holdWhy: 'moves are 300 s apart',
};
const { holdMs, holdWhy, ...rest } = step;
const shown = { ...rest, hold: { forMs: holdMs, why: holdWhy } };
const plain = {
  leader: 'n0',
  term: 7,
  members: [
    {
      status: {
        id: 'n3',
        tier: 'warm',
        heartbeat: 'LOST',
        silentMs: 4000,
        modelDivergence: 0,
        dataIntegrity: 0,
        trouble: 'being fetched',
        networkLatencyMs: 1.5,
      },
      voter: true,
      labels: { zone: 'a', rack: '' },
      score: 0.5,
      scoreTerms: [{ name: 'log', value: 1, weight: 2, explanation: 'has all' }],
      lagRevisions: 0,
      lagMs: 0,
      wished: 'hot',
      distanceMs: 0,
    },
  ],
  paths: [{ from: 'n0', to: 'n3', roundTripMs: 0.3, bytesPerSecond: 1e6 }],
  steps: [step],
  notes: ['a note', ''],
  running: step,
  automatic: true,
};

test('tiers', (t) => {
  const reply = decodeTiersReply(generatedBytes('TiersReply', plain));
  t.deepEqual(reply as object, {
    ...plain,
    steps: [shown],
    running: shown,
    members: plain.members.map((each) => ({ ...each, status: { ...each.status, heartbeat: 'lost' } })),
  });
  t.deepEqual(
    generatedView('TiersReply', encodeTiersReply(reply)),
    generatedView('TiersReply', generatedBytes('TiersReply', plain)),
  );
});

test('what is not known stays unknown', (t) => {
  const bare = {
    leader: 'n0',
    members: [{ status: { id: 'n3', tier: 'cold' }, wished: 'cold' }],
    paths: [{ from: 'n0', to: 'n3' }],
    steps: [{ kind: 'retier', id: 'n3', to: 'warm' }],
  };
  const reply = decodeTiersReply(generatedBytes('TiersReply', bare));
  const [member] = reply.members;
  t.deepEqual(
    [member?.lagRevisions, member?.lagMs, member?.distanceMs, member?.status.networkLatencyMs, reply.running],
    [null, null, null, null, null],
  );
  t.deepEqual(reply.paths[0] as object, { from: 'n0', to: 'n3', roundTripMs: null, bytesPerSecond: null });
  t.is(reply.steps[0]?.hold, null);
  t.deepEqual(decodeTiersReply(encodeTiersReply(reply)), reply);
});

test('a measurement is answered with what was asked for, within the bound', (t) => {
  t.is(measureReply(encodeMeasureRequest(0)).length, 0);
  for (const bytes of [1, 16_384, mostMeasuredBytes, 1e9]) {
    const view = generatedView('MeasureReply', measureReply(encodeMeasureRequest(bytes)));
    t.like(view, { padding: { length: Math.min(bytes, mostMeasuredBytes) } });
  }
});
