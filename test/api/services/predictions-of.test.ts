import test from 'ava';
import { predictionsOf } from '../../../src/api/services/predictions-of.ts';
import { allPredictions } from '../../../src/client/predictions.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import type { PredictionsReport } from '../../../src/ports/prediction-status.ts';
import { rowLength, TableRow } from '../../../src/prediction/online/table-row.ts';
import {
  decodePredictionsReply,
  decodePredictionsRequest,
  encodePredictionsReply,
  encodePredictionsRequest,
  type PredictionsRequest,
} from '../../../src/protocol/predictions.ts';
import { b } from '../../state/commands.ts';

const counts = {
  ...{ keys: 0, series: 0, mostSeries: 0, refused: 0, ready: 0, waiting: 0, forecasts: 0, choices: 0 },
  ...{ errors: 0, memoryBytes: 0, notNumbers: 0, dropped: 0, wentBack: 0, preApplied: 0, behaviour: 0 },
};
const met = { count: 0, error: 0, lastError: 0 };
const status = {
  state: 'running',
  ...counts,
  met,
  lastError: null,
  cpuShare: 0,
  scaledError: null,
  models: [],
};
const rowOf = (horizon: number): TableRow => {
  const numbers = new Float64Array(rowLength(horizon));
  numbers[1] = horizon;
  return new TableRow(numbers);
};

/** `keys` keys in each of both spaces, two fields a key, in no order; every seventh key of `user` is not forecast yet. */
function nodeOf(keys: number, horizon = 12) {
  const row = rowOf(horizon);
  const tracked = ['planes', 'user'].flatMap((space, at) =>
    Array.from({ length: keys }, (_, i) => {
      const key = b(`k/${String((i * 7) % keys).padStart(4, '0')}`);
      const id = 2 * (at * keys + i);
      return {
        space,
        key,
        fields: [
          { id, pointer: '/b' },
          { id: id + 1, pointer: '/a' },
        ],
      };
    }),
  );
  const isKnown = (id: number): boolean => id < 2 * keys || Math.floor(id / 2) % 7 !== 0;
  const prediction = {
    tracked,
    table: { row: (id: number) => (isKnown(id) ? row : null), model: () => 'm' },
    inputsOf: () => ['operations/k//rate'],
    changesOf: () => Array.from({ length: horizon }, () => 0.5),
    status: () => status,
    behaviour: () => [{ name: 'node/cpu', row }],
  };
  return { id: nodeId('n'), prediction: prediction as never };
}

/** As it goes over the wire. */
const asked =
  (node: ReturnType<typeof nodeOf>, requests: PredictionsRequest[]) =>
  async (request: PredictionsRequest): Promise<PredictionsReport> => {
    requests.push(request);
    const received = decodePredictionsRequest(encodePredictionsRequest(request));
    return decodePredictionsReply(encodePredictionsReply(predictionsOf(node, received)));
  };
const namesOf = ({ series }: PredictionsReport): readonly string[] =>
  series.map(({ space, key, pointer }) => `${key} ${space} ${pointer}`);

test('a reply has a bounded number of steps, whatever is asked for', (t) => {
  for (const [horizon, series] of [
    [12, 86],
    [64, 16],
  ] as const)
    for (const limit of [0, 87, 100_000]) {
      const reply = predictionsOf(nodeOf(500, horizon), { prefix: b('k/'), limit, after: null });
      t.is(reply.series.length, series);
      t.true(reply.more);
    }
  const node = nodeOf(500);
  t.is(predictionsOf(node, { prefix: b('k/'), limit: 5, after: null }).series.length, 5);
});

test('a client gets all of them in order, each once, and no more than it asks for', async (t) => {
  const node = nodeOf(500);
  const requests: PredictionsRequest[] = [];
  const all = await allPredictions(asked(node, requests), b('k/'), 0);
  const names = namesOf(all);
  // Of 500 to 999 there are 71 multiples of seven.
  t.is(names.length, 2 * (1000 - 71));
  t.deepEqual(names, [...new Set(names)].sort());
  t.false(all.more);
  t.is(requests.length, Math.ceil(names.length / 86));
  t.is(all.behaviour.length, 1);
  const some = await allPredictions(asked(node, []), b('k/'), 300);
  t.deepEqual(namesOf(some), names.slice(0, 300));
  t.true(some.more);
  t.deepEqual(
    namesOf(await allPredictions(asked(node, []), b('k/0001'), 0)),
    names.filter((name) => name.startsWith('k/0001')),
  );
});

test('a node that knows of no pages is not asked for ever, and two nodes are not mixed', async (t) => {
  const node = nodeOf(500);
  const old = await allPredictions((request) => asked(node, [])({ ...request, after: null }), b('k/'), 0);
  t.is(old.series.length, 86);
  t.true(old.more);
  const mixed = allPredictions(
    (request) => asked(request.after === null ? node : { ...node, id: nodeId('other') }, [])(request),
    b('k/'),
    0,
  );
  t.like(await t.throwsAsync(mixed), { code: 'unavailable' });
});
