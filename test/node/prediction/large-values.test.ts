import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { Observations, rowsOf } from '../../../src/node/prediction/observations.ts';
import { mostReadBytes, readable, ScanBudget } from '../../../src/node/prediction/readable.ts';
import { ReadyPredictions } from '../../../src/node/prediction/ready-predictions.ts';
import { ReadyTable } from '../../../src/node/prediction/ready-table.ts';
import { TrackedKeys } from '../../../src/node/prediction/tracked-keys.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import { b } from '../../state/commands.ts';

const policy = { ...defaultPredictPolicy, fields: ['/cpu'] };
const json = (bytes: number): ByteString => b(`{"pad":"${'x'.repeat(bytes - 18)}","cpu":1}`);

function fixture() {
  const keys = new TrackedKeys(64, Number.POSITIVE_INFINITY, () => {});
  const observations = new Observations((id) => keys.withSeries(id));
  return { keys, observations };
}

/** Has time for so many looks. */
const looks = (most: number): (() => boolean) => {
  let seen = 0;
  return () => ++seen <= most;
};

test('a value beyond 64 KiB is one without a number, and is not scanned', (t) => {
  const { keys, observations } = fixture();
  const tracked = keys.track('user', b('k'), policy)!;
  t.is(json(mostReadBytes).length, mostReadBytes);
  for (const bytes of [mostReadBytes, mostReadBytes + 1]) {
    observations.add(tracked, bytes, json(bytes), 1);
    observations.addRead(tracked, bytes, json(bytes), 1);
  }
  const rows = observations.take(() => true);
  t.deepEqual(
    [0, 1, 2, 3].map((row) => rows[row * 4 + 2]),
    [1, 1, Number.NaN, Number.NaN],
  );
  const fields = Array.from({ length: 16 }, (_, i) => i);
  t.is(readable(json(mostReadBytes), fields).length, 0, 'nor one that would be scanned for many fields');
  t.is(readable(json(1000), fields).length, 1000);
});

test('large values are read, and predictions of them made, a few between two looks at the clock', (t) => {
  const { keys, observations } = fixture();
  const ready = new ReadyPredictions(new ReadyTable(), () => 0);
  const many = Array.from({ length: 60 }, (_, i) => keys.track('user', b(`${i}`), policy)!);
  for (const tracked of many) {
    tracked.value = json(32_000);
    observations.add(tracked, 1, tracked.value, 1);
  }
  t.is(rowsOf(observations.take(looks(0))), 1);
  t.is(rowsOf(observations.take(looks(2))), 3);
  let made = 0;
  const counted = (count: number): (() => boolean) => {
    const mayGoOn = looks(count);
    return () => {
      made++;
      return mayGoOn();
    };
  };
  for (const tracked of many) ready.changed(tracked);
  ready.refresh(0, counted(100));
  t.is(made, many.length - 1, 'a look before each but the first');
  made = 0;
  for (const tracked of many) ready.changed(tracked);
  ready.collect(many, 0, counted(5));
  t.is(made, 6);
});

test('one answer makes predictions of as many large values as a turn has time for, the next one of more', (t) => {
  const { keys } = fixture();
  const ready = new ReadyPredictions(new ReadyTable(), () => 0);
  const many = Array.from({ length: 60 }, (_, i) => keys.track('user', b(`${i}`), policy)!);
  for (const tracked of many) tracked.value = json(32_000);
  const late = (): number => {
    const budget = new ScanBudget();
    return many.filter((tracked) => ready.of(tracked, 0, budget) === 'late').length;
  };
  const [first, second, third] = [late(), late(), late()];
  t.true(first > 30 && first < 60 && second < first, `${first}, ${second}`);
  t.is(third, 0);
});
