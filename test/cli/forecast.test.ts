import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
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

test('forecast: the season goes on, in a table and in JSON', async (t) => {
  const { code, stdout, stderr } = await tanist('forecast', hourly, '--horizon', '24', '--level', '0.8');
  t.is(code, 0, stderr);
  t.regex(stdout, /^hourly: \S+/);
  t.regex(stdout, /time +mean +80 % from +to/);
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
  [['forecast', hourly, '--horizon', '3', '--season', '1'], 2, /at least 2/],
  [['forecast', join(folder, 'none.csv'), '--horizon', '3'], 1, /There is no file/],
  [['forecast', hourly, '--horizon', '3', '--without', 'magic'], 2, /there is no model magic/],
  [['forecast', hourly, '--horizon', '3', '--without', 'last-value'], 2, /measured by/],
  [['backtest', hourly, '--horizon', '200'], 1, /last fifth is too short for --horizon 200/],
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
  const plain = await tanist('forecast', hourly, '--horizon', '3', '--inputs', '--without', 'gru');
  t.is(plain.code, 0, plain.stderr);
});
