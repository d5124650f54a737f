import test from 'ava';
import { predictionReadings } from '../../../src/api/metrics/prediction-readings.ts';
import type { Scrape } from '../../../src/api/metrics/reading.ts';
import { Behaviour } from '../../../src/node/prediction/behaviour.ts';
import { b } from '../../state/commands.ts';

const usage = () => ({ cpu: 0.5, memoryBytes: 1, networkBytesPerSecond: 2, diskBytesPerSecond: null });

test('series keep their numbers when prefixes come and go, and no number is given twice', (t) => {
  const behaviour = new Behaviour(usage);
  const idsOf = () => new Map(behaviour.series.map(({ name, id }) => [name, id]));
  behaviour.setPrefixes([b('a/')]);
  const before = idsOf();
  t.is(behaviour.take(1000, 1000).defined.length, 6);
  behaviour.setPrefixes([b('a/'), b('longer/')]);
  t.is(idsOf().get('operations/a//rate'), before.get('operations/a//rate'));
  const added = behaviour.take(2000, 2000);
  t.deepEqual(
    added.defined.map(({ name }) => name),
    ['operations/longer//rate', 'operations/longer//bytes'],
  );
  t.deepEqual(added.forgotten, []);
  const gone = idsOf().get('operations/longer//rate')!;
  t.true(behaviour.setPrefixes([b('a/'), b('other/')]).includes(gone));
  t.false(behaviour.has(gone));
  t.false([...idsOf().values()].includes(gone));
  t.true(behaviour.take(3000, 3000).forgotten.includes(gone));
  t.deepEqual(
    [...behaviour.take(4000, 4000).rows].filter((_, i) => i % 4 === 0),
    behaviour.series.filter(({ name }) => name !== 'node/disk').map(({ id }) => id),
  );
});

test('the names are made once, not for each who asks', (t) => {
  const behaviour = new Behaviour(usage);
  behaviour.setPrefixes([b('a/')]);
  t.is(behaviour.series, behaviour.series);
});

test('one scrape asks for the status once, and the next one anew', (t) => {
  let asked = 0;
  const prediction = {
    status: () => {
      asked++;
      return { state: 'running', keys: asked };
    },
  };
  const scrape = (): unknown[] => {
    const one = { node: { prediction } } as unknown as Scrape;
    return predictionReadings.flatMap(({ read }) => read(one));
  };
  t.deepEqual(scrape()[1], [{}, 1]);
  t.is(asked, 1);
  t.deepEqual(scrape()[1], [{}, 2]);
  t.is(asked, 2);
});
