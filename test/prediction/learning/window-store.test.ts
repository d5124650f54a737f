import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { StoredSeries, windowLength } from '../../../src/prediction/learning/stored-series.ts';
import { sinceThen, verdictOn } from '../../../src/prediction/learning/trial.ts';
import { WindowStore } from '../../../src/prediction/learning/window-store.ts';
import { drifting, historyOf } from './processes.ts';

const random = () => seededRandom('store');
const long = drifting(20_000);
/** As the engine has it when it has seen so many values: the newest 512. */
const asOf = (length: number) => historyOf(long.slice(Math.max(0, length - 512), length), length * 1000);
const gathered = async (store: WindowStore, length: number, names: readonly string[] = ['s'], memory = 1e6) =>
  store.gather(
    names.map((name) => ({ name, history: () => asOf(length) })),
    memory,
  );

test('the newest values are kept, and of what was before them windows that do not overlap', async (t) => {
  const store = new WindowStore(random());
  for (let length = 100; length <= 3000; length += 60) await gathered(store, length);
  const [[name, series]] = [...store.values()] as [[string, StoredSeries]];
  t.is(name, 's');
  t.deepEqual(series.recent, { values: long.slice(2980 - 512, 2980), endMs: 2_980_000 });
  const ends = series.older.map(({ endMs }) => endMs).sort((a, b) => a - b);
  t.is(ends.length, 8, 'as many as there is room for');
  for (const [index, endMs] of ends.entries()) {
    if (index > 0) t.true(endMs - ends[index - 1]! >= windowLength * 1000);
    const window = series.older.find((each) => each.endMs === endMs)!;
    t.deepEqual(window.values, long.slice(endMs / 1000 - windowLength, endMs / 1000));
  }
});

test('every older window has the same chance to stay', (t) => {
  const kept = new Map<number, number>();
  for (let run = 0; run < 200; run++) {
    const series = new StoredSeries(asOf(512));
    const draws = seededRandom(run);
    for (let length = 512; length <= 20 * 256; length += 256) series.take(asOf(length), 4, draws);
    for (const { endMs } of series.older) kept.set(endMs, (kept.get(endMs) ?? 0) + 1);
  }
  const counts = [...kept.values()];
  t.is(counts.length, 20);
  t.true(Math.min(...counts) > 15 && Math.max(...counts) < 70, `${counts}`);
});

test('memory is bounded: windows go first, then further series are left out', async (t) => {
  const store = new WindowStore(random());
  const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
  for (let length = 600; length <= 6000; length += 400) await gathered(store, length, names, 60 * 1024);
  t.is(store.size, 13);
  t.is(store.leftOut, 37);
  t.true(store.bytes <= 60 * 1024, `${store.bytes}`);
  await gathered(store, 6000, ['s3'], 60 * 1024);
  t.is(store.size, 1, 'what is predicted no more is forgotten');
});

test('another grid, and another lineage, begin anew', (t) => {
  const series = new StoredSeries(asOf(512));
  for (let length = 768; length <= 2048; length += 256) series.take(asOf(length), 8, random());
  series.take(asOf(1000), 8, random());
  t.true(series.older.every(({ endMs }) => endMs <= 1_000_000));
  t.is(series.recent.endMs, 1_000_000);
});

test('what a failover showed is kept when what follows is known, and counts the more the more it was wrong', (t) => {
  const flat = (truth: number) =>
    Float64Array.from({ length: 300 }, (_, i) => (i < 200 ? 10 + 0.1 * Math.sin(i) : truth));
  const shown = (predicted: number): number | undefined => {
    const series = new StoredSeries(historyOf(flat(12)));
    series.show({ momentMs: 201_000, predicted });
    series.keepShown(50, 10);
    t.is(series.shown[0]?.values.length, 60);
    t.is(series.shown[0]?.endMs, 210_000);
    return series.shown[0]?.copies;
  };
  t.is(shown(12), 2);
  t.is(shown(14), 3);
  t.is(shown(40), 5);
  const late = new StoredSeries(historyOf(flat(12)));
  late.show({ momentMs: 296_000, predicted: 10 });
  late.keepShown(50, 10);
  t.is(late.shown.length, 0);
  late.take(historyOf(flat(12), 320_000), 8, random());
  late.keepShown(50, 10);
  t.is(late.shown.length, 1, 'once what follows is there');
});

test('a trial holds out what came since, and nothing of it makes the seasons', (t) => {
  const values = drifting(400);
  const all = [['s', new StoredSeries(historyOf(values))]] as const;
  const [judged] = sinceThen(all, 350_000, 10);
  t.is(judged!.heldOut, 50);
  t.deepEqual(judged!.values, values);
  t.deepEqual(sinceThen(all, 400_000, 10), []);
  t.is(sinceThen(all, -1, 10)[0]!.heldOut, 398, 'older than all that is kept: all of it');
});

test('the verdict on a version in use', (t) => {
  const even = { series: 3, origins: 64, before: 0.8, after: 0.8, ratio: 1, worse: 0 };
  t.is(verdictOn(even, 64).kind, 'kept');
  t.is(verdictOn({ ...even, origins: 63 }, 64).kind, 'undecided');
  t.is(verdictOn({ ...even, ratio: Number.NaN }, 0).kind, 'undecided');
  t.like(verdictOn({ ...even, ratio: 1.03 }, 64), { kind: 'worse' });
  t.like(verdictOn({ ...even, before: 1.09, after: 1.1, ratio: 1.01 }, 64), { kind: 'worse' });
  t.is(
    verdictOn({ ...even, before: 1.1, after: 1.09, ratio: 0.99 }, 64).kind,
    'kept',
    'it is bad, and the other one worse',
  );
});
