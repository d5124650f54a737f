import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { csvRows } from '../../src/cli/forecasting/csv.ts';
import { readInputs } from '../../src/cli/forecasting/inputs.ts';
import { readM4 } from '../../src/cli/forecasting/read-m4.ts';
import { readSeries, repairsText } from '../../src/cli/forecasting/read-series.ts';
import { timeMs } from '../../src/cli/forecasting/time.ts';
import { TanistError } from '../../src/foundation/errors.ts';

async function withFile<T>(text: string, act: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-series-'));
  try {
    const file = join(folder, 'series.csv');
    await writeFile(file, text);
    return await act(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const minute = (i: number): string => `2026-01-01 00:${String(i).padStart(2, '0')}:00`;

test('CSV: quotes, separators, line ends, a byte order mark', (t) => {
  t.deepEqual(csvRows('\ufeffa,b\r\n"x, ""y""",2\n'), [
    ['a', 'b'],
    ['x, "y"', '2'],
  ]);
  t.deepEqual(csvRows('a;b\n1;2'), [
    ['a', 'b'],
    ['1', '2'],
  ]);
  t.deepEqual(csvRows('a\tb,c\tx\n1\t2\t'), [
    ['a', 'b,c', 'x'],
    ['1', '2', ''],
  ]);
  t.deepEqual(csvRows('"open,1'), [['open,1']]);
});

test('times: ISO and its variants, seconds and ms since the epoch', (t) => {
  const noon = Date.UTC(2026, 0, 31, 12, 30);
  for (const text of [
    '2026-01-31T12:30:00Z',
    '2026-01-31 12:30',
    '2026/1/31 12:30:00',
    '2026-01-31T14:30:00+02:00',
  ])
    t.is(timeMs(text), noon, text);
  t.is(timeMs('2026-01-31 12:30:00.250'), noon + 250);
  t.is(timeMs(String(noon / 1000)), noon);
  t.is(timeMs(String(noon)), noon);
  for (const text of ['', 'noon', '2026-02-30', '2026-01-01 25:00', '31.01.2026'])
    t.is(timeMs(text), Number.NaN, text);
});

const headers = [
  'timestamp,value',
  'time,y',
  'Date,Val',
  'value,timestamp',
  'when,how much',
  '',
  'id,timestamp,value',
];
for (const header of headers)
  test(`header "${header}"`, async (t) => {
    const rows = Array.from({ length: 6 }, (_, i) => {
      if (header.startsWith('value')) return `${i},${minute(i)}`;
      return header.startsWith('id') ? `7,${minute(i)},${i}` : `${minute(i)},${i}`;
    });
    const text = [...(header === '' ? [] : [header]), ...rows].join('\n');
    const series = await withFile(text, readSeries);
    t.deepEqual([...series.history.values], [0, 1, 2, 3, 4, 5]);
    t.is(series.history.stepMs, 60_000);
    t.is(series.name, 'series');
  });

const bad: readonly (readonly [string, string, RegExp])[] = [
  ['empty', '', /is empty/],
  ['a header alone', 'timestamp,value\n', /header and no rows/],
  ['one column', '1\n2\n3\n', /one column: expected timestamp,value/],
  [
    'no numbers',
    `timestamp,value\n${minute(1)},a\n${minute(2)},b\n`,
    /2 of 2 rows have no number .* row 2: "a"/,
  ],
  ['no dates', 'timestamp,value\nsoon,1\nlater,2\n', /2 of 2 rows have no time .* row 2: "soon"/],
  [
    'several unnamed columns',
    `timestamp,cpu,memory\n${minute(1)},1,2\n`,
    /columns timestamp, cpu, memory.*"value"/,
  ],
  ['too short', `timestamp,value\n${minute(1)},1\n${minute(2)},2\n`, /2 values after cleaning; at least 4/],
  ['one moment', `${minute(1)},1\n`.repeat(9), /1 values after cleaning/],
];
for (const [name, text, expected] of bad)
  test(`refused in one line: ${name}`, async (t) => {
    const error = await t.throwsAsync(withFile(text, readSeries), {
      instanceOf: TanistError,
      message: expected,
    });
    t.false(error?.message.includes('\n'));
  });

test('a missing file, a directory, an empty directory', async (t) => {
  await t.throwsAsync(readSeries('/nowhere/at/all.csv'), { message: /There is no file/ });
  await t.throwsAsync(readSeries(tmpdir()), { message: /is a directory/ });
  const folder = await mkdtemp(join(tmpdir(), 'tanist-series-'));
  await t.throwsAsync(
    readInputs(folder, {}, () => {}),
    { message: /has no .csv file/ },
  );
  await rm(folder, { recursive: true });
});

test('NaN, a clock going back, duplicates and gaps are repaired and said', async (t) => {
  const lines = [0, 1, 2, 2, 6, 5, 7, 8, 9].map((i) => `${minute(i)},${i}`);
  const text = ['timestamp,value', ...lines, `${minute(10)},NaN`, `${minute(11)},n/a`].join('\n');
  const series = await withFile(text, readSeries);
  t.deepEqual([...series.history.values], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.is(
    repairsText(series),
    'series: 2 unreadable rows left out, among them the last 2; 1 rows out of order in time, sorted; 1 rows of a step that had one already, the last counts; 2 missing steps filled',
  );
});

test('many series, a row each', async (t) => {
  const text = '"V1","V2","V3","V4"\n"H1","1","2",""\n"H2",3,4,5\n';
  const series = await withFile(text, readM4);
  t.deepEqual(
    series.map(({ name, history }) => [name, ...history.values]),
    [
      ['H1', 1, 2],
      ['H2', 3, 4, 5],
    ],
  );
  await t.throwsAsync(withFile('a,b\nc,d\n', readM4), { message: /no row of a name and values/ });
  await t.throwsAsync(withFile('time,value\n0,3\n3600,4\n', readM4), {
    message: /one value a row: .*leave --m4 out/,
  });
  await t.throwsAsync(withFile('H1,1,x,3\n', readM4), { message: /value 2 of series H1 is no number: "x"/ });
});
