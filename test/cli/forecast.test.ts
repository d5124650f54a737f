import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { seededRandom } from '../../src/foundation/random.ts';
import { dayShape, seasonal } from '../prediction/processes.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tanist-forecast-'));
test.after.always(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function tanist(...args: readonly string[]): Promise<Run> {
  return tanistIn(process.env, ...args);
}

function tanistIn(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');

const values = seasonal(seededRandom('cli'), 24 * 12, dayShape(24), 0.5);
const hourly = join(folder, 'hourly.csv');
const text = [
  'timestamp,value',
  ...Array.from(values, (v, i) => `${new Date(i * 3_600_000).toISOString()},${v}`),
];
writeFileSync(hourly, `${text.join('\n')}\n`);
const many = join(folder, 'many.csv');
writeFileSync(
  many,
  ['name,first', `A,${[...values].join(',')}`, `B,${[...values].reverse().join(',')}`].join('\n'),
);

test('forecast --quantiles: a column each, in JSON their values in the order asked for', async (t) => {
  const args = ['forecast', hourly, '--horizon', '3', '--without', 'gru', '--quantiles', '0.9,0.5,0.1'];
  const { stdout } = await tanist(...args, '--json');
  const [row] = lastLine(stdout) as {
    mean: number[];
    quantiles: { share: number; values: number[] }[];
  }[];
  t.deepEqual(
    row?.quantiles.map(({ share }) => share),
    [0.9, 0.5, 0.1],
  );
  const [high, middle, low] = row?.quantiles.map(({ values: of }) => of) ?? [];
  t.deepEqual(middle, row?.mean);
  for (let k = 0; k < 3; k++) t.true(low![k]! < middle![k]! && middle![k]! < high![k]!);
  t.regex((await tanist(...args)).stdout, /mean +90 % from +to +90 % +50 % +10 %/);
});

test('ONNX Runtime keeps no device id and no telemetry in the home folder', async (t) => {
  const home = join(folder, 'home');
  mkdirSync(home);
  // None of the signs of an automatic build, by which it would keep quiet without being told to.
  const env = { PATH: process.env.PATH, HOME: home };
  const { code, stderr } = await tanistIn(env, 'forecast', hourly, '--horizon', '3');
  t.is(code, 0, stderr);
  t.deepEqual(readdirSync(home), []);
});

test('forecast: the season goes on, in a table and in JSON', async (t) => {
  const { code, stdout, stderr } = await tanist('forecast', hourly, '--horizon', '24', '--level', '0.8');
  t.is(code, 0, stderr);
  t.regex(stdout, /^hourly: \S+/);
  t.regex(stdout, /time \(UTC\) +mean +80 % from +to/);
  const json = await tanist('forecast', hourly, '--horizon', '24', '--json');
  const [row] = lastLine(json.stdout) as {
    series: string;
    model: string;
    from: string;
    mean: number[];
    lower: number[];
    upper: number[];
  }[];
  t.is(row?.series, 'hourly');
  t.is(row?.from, new Date(values.length * 3_600_000).toISOString());
  const shape = dayShape(24);
  for (let k = 0; k < 24; k++) {
    t.true(Math.abs((row?.mean[k] ?? 0) - (shape[k] ?? 0)) < 1.2, String(k));
    t.true((row?.lower[k] ?? 1) <= (row?.mean[k] ?? 0) && (row?.mean[k] ?? 1) <= (row?.upper[k] ?? 0));
  }
});

test('backtest: a row per series and model, one of the selection, a summary', async (t) => {
  const { code, stdout, stderr } = await tanist(
    'backtest',
    hourly,
    '--horizon',
    '6',
    '--origins',
    '5',
    '--json',
  );
  t.is(code, 0, stderr);
  const { series, summary } = lastLine(stdout) as {
    series: { series: string; model: string; mae: number; relMae: number; coverage: number | null }[];
    summary: { relMae: number; coverage: { mean: number } };
  };
  t.is(series.find(({ model }) => model === 'last-value')?.relMae, 1);
  const selected = series.find(({ model }) => model === 'selected');
  t.true((selected?.relMae ?? 9) < 0.5);
  t.true((selected?.coverage ?? 0) > 0.5);
  t.true(Math.abs(summary.relMae - (selected?.relMae ?? 0)) < 1e-9);
});

test('backtest --m4: OWA beside sMAPE and MASE; models can be left out', async (t) => {
  const args = [
    'backtest',
    many,
    '--m4',
    '--horizon',
    '24',
    '--season',
    '24',
    '--without',
    'lad,ridge,analog',
    '--json',
  ];
  const { code, stdout, stderr } = await tanist(...args);
  t.is(code, 0, stderr);
  const { series, summary } = lastLine(stdout) as {
    series: { model: string; smape: number; mase: number }[];
    summary: { owa: number; smape: number; mase: number };
  };
  t.true(summary.owa > 0 && summary.owa < 1.5, String(summary.owa));
  t.true(series.every(({ smape, mase }) => Number.isFinite(smape) && Number.isFinite(mase)));
  t.false(series.some(({ model }) => /^(lad|ridge|analog)/.test(model)));
});

const more = mkdtempSync(join(tmpdir(), 'tanist-written-'));
test.after.always(() => rmSync(more, { recursive: true }));

/** A file of a value a minute. */
function written(name: string, value: (i: number) => number, length = 240): string {
  const rows = Array.from({ length }, (_, i) => `${1.6e9 + i * 60},${value(i)}`);
  writeFileSync(join(more, name), ['timestamp,value', ...rows].join('\n'));
  return join(more, name);
}

test('backtest: a series on which the last value never errs is left out of the mean, and counted', async (t) => {
  const own = join(more, 'level');
  mkdirSync(own);
  const random = seededRandom('level');
  written('level/noise.csv', () => random.next());
  written('level/step.csv', (i) => (i < 120 ? 5 : 500.1));
  const run = ['backtest', own, '--horizon', '6', '--without', 'gru,analog,lad,ridge'];
  const { stdout } = await tanist(...run);
  t.regex(
    stdout,
    /Selected: 0\.\d+ of the last value's error \(geometric mean over 1 series; on 1 more the last value never erred\), at worst 0\.\d+ \(noise\)/,
  );
  const { series, summary } = lastLine((await tanist(...run, '--json')).stdout) as {
    series: { series: string; relMae: number | null }[];
    summary: { series: number; without: number; relMae: number | null };
  };
  t.deepEqual([summary.series, summary.without], [2, 1]);
  t.true(summary.relMae !== null && summary.relMae > 0.5 && summary.relMae < 1);
  t.true(series.every(({ series: name, relMae }) => (relMae === null) === (name === 'step')));
});

test('months are steps, however long, and the next ones are the next months', async (t) => {
  const rows = (day: (month: number) => number): string[] =>
    Array.from(
      { length: 120 },
      (_, i) => `${new Date(Date.UTC(1990, i, day(i), 6)).toISOString()},${10 + (i % 12)}`,
    );
  const ends = (month: number): number => new Date(Date.UTC(1990, month + 1, 0)).getUTCDate();
  for (const [day, next] of [
    [() => 1, ['2000-01-01', '2000-02-01', '2000-03-01']],
    [ends, ['2000-01-31', '2000-02-29', '2000-03-31']],
  ] as const) {
    const file = join(more, 'months.csv');
    writeFileSync(file, ['date,value', ...rows(day)].join('\n'));
    const run = await tanist('forecast', file, '--horizon', '3', '--without', 'gru', '--json');
    t.is(run.stderr, '', 'nothing to repair');
    const [row] = lastLine(run.stdout) as { from: string; times: string[]; mean: number[] }[];
    t.deepEqual(
      row?.times,
      next.map((date) => `${date}T06:00:00.000Z`),
    );
    t.true(
      row!.mean.every((value, k) => Math.abs(value - 10 - k) < 0.5),
      String(row?.mean),
    );
  }
});

test('a counter that goes on at its last rate says so', async (t) => {
  const counter = written('counter.csv', (i) => i, 60);
  const { stdout } = await tanist('forecast', counter, '--horizon', '3', '--without', 'gru');
  t.regex(stdout, /^counter: last-rate\n/);
  t.regex(stdout, / 60 .*\n.* 61 .*\n.* 62 /);
});

test('numbers at the limit are forecast, larger ones refused', async (t) => {
  const random = seededRandom('large');
  const edge = written('edge.csv', (i) => 9.9e99 * (i % 2 === 0 ? -1 : random.next()), 60);
  const { stdout } = await tanist('forecast', edge, '--horizon', '3', '--without', 'gru', '--json');
  const [row] = lastLine(stdout) as { mean: unknown[]; lower: unknown[]; upper: unknown[] }[];
  t.true([row!.mean, row!.lower, row!.upper].flat().every(Number.isFinite), stdout);
});

const wrong: readonly (readonly [readonly string[], 1 | 2, RegExp])[] = [
  [['forecast', hourly], 2, /required option '--horizon <steps>'/],
  [['forecast', hourly, '--horizon', '0'], 2, /whole number from 1 to 1000/],
  [['forecast', hourly, '--horizon', '1001'], 2, /whole number from 1 to 1000/],
  [
    ['forecast', hourly, '--horizon', '400'],
    1,
    /has 288 values: too few for 400 steps ahead; --horizon at most/,
  ],
  [['forecast', hourly, '--horizon', '3', '--level', '90'], 2, /between 0 and 1/],
  [['forecast', hourly, '--horizon', '3', '--quantiles', '0.1,2'], 2, /between 0 and 1/],
  [['forecast', hourly, '--horizon', '3', '--quantiles', '0.1,0.1'], 2, /32 different numbers/],
  [['forecast', hourly, '--horizon', '3', '--season', '1'], 2, /at least 2/],
  [['forecast', join(folder, 'none.csv'), '--horizon', '3'], 1, /There is no file/],
  [['forecast', hourly, '--horizon', '3', '--without', 'magic'], 2, /there is no model magic/],
  [['forecast', hourly, '--horizon', '3', '--without', 'last-value'], 2, /measured by/],
  [['backtest', hourly, '--horizon', '200'], 1, /last fifth is too short for --horizon 200/],
  [
    ['forecast', written('huge.csv', (i) => (i % 2 === 0 ? 1e308 : -1e308), 60), '--horizon', '4'],
    1,
    /huge\.csv has a value of 1e\+308: numbers to ±1e\+100 can be forecast/,
  ],
  [['backtest', folder, '--horizon', '500'], 1, /last fifth is too short for --horizon 500/],
];
for (const [args, code, expected] of wrong)
  test(`one line of error: ${args.slice(0, 1).concat(args.slice(2)).join(' ')}`, async (t) => {
    const result = await tanist(...args);
    t.is(result.code, code, result.stderr);
    t.is(result.stdout, '');
    t.regex(result.stderr.trimEnd().split('\n').at(-1) ?? '', expected);
  });

test('--inputs: a series that follows another column is forecast by it, far better, and it is said', async (t) => {
  const random = seededRandom('load');
  const load = Array.from({ length: 400 }, () => random.next() * 100);
  const own = mkdtempSync(join(tmpdir(), 'tanist-inputs-'));
  t.teardown(() => rmSync(own, { recursive: true }));
  const file = join(own, 'followed.csv');
  const rows = load.map((x, i) => [
    i * 60,
    50 + (load[i - 3] ?? 0) + random.next(),
    x,
    100 * random.next(),
    'a',
  ]);
  writeFileSync(file, ['timestamp,value,load,noise,host', ...rows.map((row) => row.join(','))].join('\n'));
  const best = async (...more: readonly string[]): Promise<number> => {
    const { stdout, stderr } = await tanist(
      ...['backtest', file, '--horizon', '3', '--json', '--without', 'gru', ...more],
    );
    const json = lastLine(stdout) as { summary: { relMae: number } } | undefined;
    if (json === undefined) t.log(stderr);
    return json?.summary.relMae ?? Number.NaN;
  };
  const [with_, without] = [await best('--inputs'), await best()];
  t.true(with_ < 0.3 * without, `${with_} of ${without}`);
  const { stdout } = await tanist('forecast', file, '--horizon', '3', '--inputs', '--without', 'gru');
  t.regex(stdout, /^followed: arx\S* ← load\n/);
  const plain = await tanist(
    'forecast',
    hourly,
    '--horizon',
    '3',
    '--inputs',
    '--season',
    '288',
    '--without',
    'gru',
  );
  t.is(plain.code, 0, plain.stderr);
  t.regex(plain.stderr, /hourly has no further columns: --inputs changes nothing/);
  t.regex(plain.stderr, /hourly has 288 values: a season of 288 steps changes nothing/);
});
