import test from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { OnlineEngine } from '../../../src/prediction/online/engine.ts';
import type { ObserveAnswer, SeriesDefinition } from '../../../src/prediction/online/messages.ts';
import { onlineCandidates } from '../../../src/prediction/online/online-candidates.ts';
import { selectionChooser } from '../../../src/prediction/online/selected-model.ts';
import { TableRow } from '../../../src/prediction/online/table-row.ts';
import { normal } from '../processes.ts';

const options = { cpu: 1, level: 0.9 };

class Fixture {
  nowMs = 0;
  /** How far a look at the clock moves it. */
  lookMs = 0.001;
  readonly rows = new Map<number, TableRow>();
  readonly engine = new OnlineEngine({
    chooser: selectionChooser({ candidates: () => onlineCandidates, level: 0.9, onFault: () => {} }),
    nowMs: () => (this.nowMs += this.lookMs),
    cpuMs: () => this.nowMs,
    memoryBytes: () => 0,
    breathe: async () => {},
  });
  last: ObserveAnswer | null = null;

  async observe(
    rows: readonly number[],
    defined: readonly SeriesDefinition[] = [],
    cpu = 1,
    isUrgent = false,
  ): Promise<ObserveAnswer> {
    const answer = await this.engine.observe({
      defined,
      forgotten: [],
      observations: Float64Array.from(rows),
      options: { ...options, cpu, isUrgent },
    });
    for (let at = 0; at < answer.rows.length; ) {
      const row = new TableRow(answer.rows, at);
      this.rows.set(row.get('id'), row);
      at += row.length;
    }
    this.last = answer;
    return answer;
  }
}

const series = (id: number, more: Partial<SeriesDefinition> = {}): SeriesDefinition => ({
  id,
  name: `s${id}`,
  stepMs: 0,
  horizon: 12,
  value: 1,
  ...more,
});

test('a season is learnt, beats the last value, and its intervals hold what they say', async (t) => {
  const fixture = new Fixture();
  const random = seededRandom('season');
  const value = (i: number): number => 50 + 20 * Math.sin((2 * Math.PI * i) / 24) + 2 * random.next() - 1;
  await fixture.observe([], [series(0)]);
  for (let i = 0; i < 500; i++) await fixture.observe([0, 1e12 + i * 1000, value(i), i]);
  const row = fixture.rows.get(0)!;
  t.true(row.get('error') < 0.6 * row.get('naiveError'), `${row.get('error')} of ${row.get('naiveError')}`);
  t.true(row.get('coverage') > 0.8, `${row.get('coverage')}`);
  t.true(row.confidence(1) > 0.6, `${row.confidence(1)}`);
  t.is(row.get('endMs'), 1e12 + 499_000);
  t.true(Math.abs(row.mean(3) - (50 + 20 * Math.sin((2 * Math.PI * 502) / 24))) < 5);
});

test('a key that is written faster than its step is forecast as well as one that is written once a step', async (t) => {
  for (const rate of [1, 10, 50]) {
    const fixture = new Fixture();
    const random = seededRandom('above the step');
    const value = (i: number): number => 50 + 40 * Math.sin((2 * Math.PI * i) / rate / 24) + random.next();
    await fixture.observe([], [series(0, { stepMs: 1000 })]);
    let before = 0;
    for (let i = 0; i < 200 * rate; i++) {
      if (i === 150 * rate) before = fixture.last!.figures.forecasts;
      await fixture.observe([0, 1e12 + (i * 1000) / rate, value(i), i]);
    }
    const row = fixture.rows.get(0)!;
    const of = `at ${rate} Hz: ${row.get('error')} of ${row.get('naiveError')}, ${row.get('coverage')}`;
    t.true(row.get('error') < 0.3 * row.get('naiveError'), of);
    t.true(row.get('coverage') > 0.7, of);
    t.true(row.get('scored') > 30, of);
    t.true(fixture.last!.figures.forecasts - before < 60 + 25 * (rate - 1), of);
  }
});

test('the first forecasts hold what they say, before there is a model as well, near and far ahead', async (t) => {
  const random = seededRandom('first forecasts');
  const hits = new Map<string, { within: number; all: number }>();
  for (let run = 0; run < 60; run++) {
    const fixture = new Fixture();
    await fixture.observe([], [series(0)]);
    let level = 0;
    const values = Array.from({ length: 34 }, () => {
      level += run % 2 === 0 ? normal(random) : 0;
      return level + (run % 2 === 0 ? 0 : normal(random));
    });
    for (let i = 0; i < 22; i++) {
      await fixture.observe([0, 1e12 + i * 1000, values[i]!, i]);
      const row = fixture.rows.get(0);
      if (i < 5 || row === undefined) continue;
      for (const step of [1, 4, 12]) {
        const of = `${run % 2 === 0 ? 'walk' : 'noise'}, ${step} ahead`;
        const hit = hits.get(of) ?? { within: 0, all: 0 };
        const truth = values[i + step]!;
        hit.all++;
        if (truth >= row.lower(step) && truth <= row.upper(step)) hit.within++;
        hits.set(of, hit);
      }
    }
  }
  t.is(hits.size, 6);
  for (const [of, { within, all }] of hits) t.true(within / all > 0.8, `${of}: ${within} of ${all}`);
});

test('noise around a level is predicted at the level, which is more often nearer than the last value', async (t) => {
  const fixture = new Fixture();
  const random = seededRandom('noise');
  await fixture.observe([], [series(0)]);
  for (let i = 0; i < 300; i++) await fixture.observe([0, 1e12 + i * 1000, random.next(), i]);
  const row = fixture.rows.get(0)!;
  t.true(Math.abs(row.mean(1) - 0.5) < 0.25);
  t.true(row.get('error') < row.get('naiveError'));
});

test('what is waited for is forecast at once, and paid for afterwards', async (t) => {
  const fixture = new Fixture();
  const ids = Array.from({ length: 200 }, (_, id) => id);
  const rows = (second: number): number[] =>
    ids.flatMap((id) => [id, 1e12 + second * 1000, second % 5, second]);
  await fixture.observe(
    rows(0),
    ids.map((id) => series(id)),
  );
  for (let second = 1; second < 30; second++) await fixture.observe(rows(second));
  const { choices } = fixture.last!.figures;
  fixture.nowMs += 1000;
  const share = 1e-6;
  await fixture.observe(rows(30), [], share);
  t.true(fixture.last!.figures.waiting > 0);
  const urgent = await fixture.observe(rows(31), [], share, true);
  t.is(urgent.figures.waiting, 0);
  t.is(fixture.rows.get(199)!.get('endMs'), 1e12 + 31_000);
  t.is(urgent.figures.choices, choices, 'nothing is chosen meanwhile');
  const after = await fixture.observe(rows(32), [], share);
  t.is(after.figures.waiting, 200);
});

test('forecasts that are always due leave choices their time, and have theirs', async (t) => {
  const fixture = new Fixture();
  const ids = Array.from({ length: 200 }, (_, id) => id);
  await fixture.observe(
    [],
    ids.map((id) => series(id)),
  );
  fixture.lookMs = 10;
  for (let second = 0; second < 120; second++) {
    fixture.nowMs += 500;
    const rows = ids.flatMap((id) => [id, 1e12 + second * 1000, (id + second) % 7, second]);
    await fixture.observe(rows, [], 0.05);
    // What they begin with is used up soon; then there is always less time than they need.
    if (second > 10) t.true(fixture.last!.figures.waiting > 0);
  }
  const { choices, forecasts } = fixture.last!.figures;
  t.true(choices > 20, `${choices} choices`);
  t.true(forecasts > 20 * 64, `${forecasts} forecasts`);
});

test('without time nothing is forecast, and the most valuable go first when there is a little', async (t) => {
  const fixture = new Fixture();
  const count = 200;
  await fixture.observe(
    [],
    Array.from({ length: count }, (_, id) => series(id, { value: id })),
  );
  fixture.lookMs = 40;
  const at = (i: number): readonly number[] =>
    Array.from({ length: count }, (_, id) => [id, 1e12 + i * 1000, id, i]).flat();
  await fixture.observe(at(0), [], 0.05);
  fixture.nowMs += 4000;
  const answer = await fixture.observe(at(1), [], 0.05);
  t.true(answer.figures.waiting > 0, `${answer.figures.waiting}`);
  const done = [...fixture.rows.keys()];
  t.true(done.length > 0 && done.every((id) => id >= count - done.length), done.join());
});

test('two that see the same draw the same samples, and predict the same', async (t) => {
  const run = async (): Promise<ObserveAnswer> => {
    const fixture = new Fixture();
    await fixture.observe(
      [],
      Array.from({ length: 20 }, (_, id) => series(id)),
    );
    for (let i = 0; i < 40; i++)
      await fixture.observe(
        Array.from({ length: 20 }, (_, id) => [id, 1e12 + i * 1000, (id * i) % 17, i * 20 + id]).flat(),
      );
    return fixture.last!;
  };
  const [left, right] = [await run(), await run()];
  t.true(left.figures.samples.length >= 4 * 4);
  t.deepEqual(left.figures.samples, right.figures.samples);
  t.is(left.figures.scaledError, right.figures.scaledError);
  t.not(left.figures.scaledError, null);
});

test('what is forgotten is forgotten, and its number means the next series', async (t) => {
  const fixture = new Fixture();
  await fixture.observe([], [series(0)]);
  for (let i = 0; i < 5; i++) await fixture.observe([0, 1e12 + i * 1000, 1, i]);
  await fixture.engine.observe({
    defined: [series(0, { name: 'other' })],
    forgotten: [0],
    observations: new Float64Array(0),
    options,
  });
  await fixture.observe([0, 1e12 + 9000, 7, 9, 5, 1e12, 1, 1]);
  t.is(fixture.last!.figures.series, 1);
  t.is(fixture.last!.rows.length, 0, 'one value tells nothing, and a series that nobody defined is none');
});

/** A key that follows a rate of operations five seconds later, among inputs that are noise; the rate is told as it is known, before the key's value. */
async function follow(
  told: boolean,
): Promise<{ readonly row: TableRow; readonly model: string; readonly inputs: number }> {
  const fixture = new Fixture();
  const random = seededRandom('follow');
  const rate = Array.from({ length: 420 }, () => 0);
  for (let i = 1; i < rate.length; i++) rate[i] = 0.6 * rate[i - 1]! + random.next();
  await fixture.observe(
    [],
    [
      series(0),
      ...[10, 11, 12, 13].map((id) => series(id, { role: 'input', stepMs: 1000 })),
      ...(told ? [series(20, { role: 'both', stepMs: 1000 })] : []),
    ],
  );
  for (let i = 0; i < rate.length; i++) {
    const secondMs = 1e12 + i * 1000;
    const rows = [10, 11, 12, 13].flatMap((id) => [id, secondMs, random.next(), 0]);
    if (told) rows.push(20, secondMs, rate[i]!, 0);
    await fixture.observe([
      ...rows,
      0,
      secondMs + 300,
      40 + 10 * rate[Math.max(0, i - 5)]! + 0.2 * random.next(),
      i,
    ]);
  }
  const row = fixture.rows.get(0)!;
  return { row, model: fixture.last!.models[row.get('model')] ?? '', inputs: fixture.last!.figures.inputs };
}

test('a key that follows a rate of operations is forecast by it, far better than without', async (t) => {
  const [with_, without] = [await follow(true), await follow(false)];
  t.deepEqual(with_.row.inputs, [20]);
  t.is(with_.inputs, 5);
  t.regex(with_.model, /arx/);
  t.true(
    with_.row.get('error') < 0.3 * without.row.get('error'),
    `${with_.row.get('error')} of ${without.row.get('error')}`,
  );
});

test('inputs that are noise are not used', async (t) => {
  const { row, model } = await follow(false);
  t.deepEqual(row.inputs, []);
  t.notRegex(model, /arx/);
});

test('an input that is forgotten is none any more, and who followed it goes on without', async (t) => {
  const fixture = new Fixture();
  await fixture.observe([], [series(0), series(10, { role: 'input' })]);
  for (let i = 0; i < 60; i++)
    await fixture.observe([10, 1e12 + i * 1000, (i * 7) % 11, 0, 0, 1e12 + i * 1000, ((i - 2) * 7) % 11, i]);
  t.is(fixture.last!.figures.inputs, 1);
  t.is(fixture.last!.figures.series, 1, 'what is only an input is not forecast');
  await fixture.engine.observe({ defined: [], forgotten: [10], observations: new Float64Array(0), options });
  for (let i = 60; i < 70; i++) await fixture.observe([0, 1e12 + i * 1000, i, i]);
  t.is(fixture.last!.figures.inputs, 0);
  t.is(fixture.rows.get(0)!.get('endMs'), 1e12 + 69_000);
});

test('errors are those of steps, however their values come in batches', async (t) => {
  const figures = [];
  for (const batch of [1, 2, 5, 7]) {
    const fixture = new Fixture();
    await fixture.observe([], [series(0, { stepMs: 1000 })]);
    for (let i = 0; i < 1400; i += batch) {
      const rows: number[] = [];
      for (let j = i; j < i + batch; j++) rows.push(0, 1e12 + j * 100, j + (j % 7), j);
      await fixture.observe(rows);
    }
    const row = fixture.rows.get(0)!;
    figures.push(row.get('naiveError').toFixed(1));
  }
  t.deepEqual(new Set(figures).size, 1, figures.join());
});
