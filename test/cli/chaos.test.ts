import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { scenarios } from '../../src/chaos/scenarios/registry.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

function tanist(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tanist-chaos-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('chaos list names every scenario with what it needs', async (t) => {
  const { code, stdout } = await tanist('chaos', 'list', '--json');
  t.is(code, 0);
  const { scenarios: listed } = JSON.parse(stdout) as { scenarios: { scenario: string; sets: string[] }[] };
  t.deepEqual(
    listed.map(({ scenario }) => scenario),
    scenarios.map(({ name }) => name),
  );
  t.true(listed.some(({ sets }) => sets.includes('quick')));
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['run'], /^tanist: name scenarios \("tanist chaos list"\), a set \(all, quick, ci\), or a --plan\n$/],
  [
    ['run', 'kill-leadr'],
    /^tanist: no scenario "kill-leadr" \(did you mean "kill-leader"\?\); "tanist chaos list" names them all\n$/,
  ],
  [['run', 'ci', '--seed', '1', '--seeds', '1..2'], /^tanist: --seed and --seeds exclude each other\n$/],
  [['run', 'ci', '--mutant', 'vote-twice'], /^tanist: --mutant: no planted fault "vote-twice"/],
  [['run', 'ci', '--target', 'zookeeper'], /Allowed choices are tanist, etcd, both\.\n$/],
  [['run', 'ci', '--traffic', 'stedy'], /^tanist: no traffic is called "stedy" \(did you mean "steady"\?\)/],
  [['run', 'ci', '--build', '/nowhere/main.js'], /^tanist: --build: \/nowhere\/main\.js cannot be read/],
  [
    ['run', 'version-skew', '--other-build', '/nowhere/main.js'],
    /^tanist: --other-build: \/nowhere\/main\.js cannot/,
  ],
  [
    ['run', 'calm', '--seconds', '36000'],
    /^tanist: 36000 s of calm: .*3600 s at most; tanist chaos soak checks/,
  ],
  [['soak'], /^tanist: --hours: for how long, such as 2 or 0\.25\n$/],
];
for (const [args, message] of wrong)
  test(`wrong usage: chaos ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await tanist('chaos', ...args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
  });

test('a plan that is wrong, a report that is none, a soak that is not there: one line', async (t) => {
  const path = await folder(t);
  const plan = join(path, 'plan.yaml');
  await writeFile(plan, 'runs: [{ scenario: kill-leader, secs: 3 }]\n');
  const bad = await tanist('chaos', 'run', '--plan', plan);
  t.is(bad.code, 1);
  t.regex(bad.stderr, /^tanist: .*plan\.yaml: runs\[0\]\.secs: unknown key; .* \(config-invalid\)\n$/);
  const report = await tanist('chaos', 'report', plan);
  t.is(report.code, 1);
  t.regex(report.stderr, /^tanist: .*plan\.yaml: is no JSON \(invalid-argument\)\n$/);
  const bare = join(path, 'bare.json');
  for (const content of [
    '{"format":"tanist-chaos-1","scenarios":[]}',
    '{"format":"tanist-chaos-1","scenarios":[{}]}',
  ]) {
    await writeFile(bare, content);
    const { code, stderr } = await tanist('chaos', 'report', bare);
    t.is(code, 1);
    t.regex(stderr, /^tanist: .*bare\.json: is no report of "tanist chaos" .* \(invalid-argument\)\n$/);
  }
  const unwritable = await tanist('chaos', 'run', 'ci', '--out', join(plan, 'out'));
  t.is(unwritable.code, 1);
  t.regex(unwritable.stderr, /cannot be written to \(ENOTDIR\); name another with --out/);
  const resumed = await tanist('chaos', 'soak', '--resume', path);
  t.is(resumed.code, 1);
  t.regex(resumed.stderr, /--resume wants the folder of a soak/);
});

test('a run of which all was skipped shows nothing, and is no success', async (t) => {
  const { code, stdout, stderr } = await tanist(
    'chaos',
    'run',
    'version-skew',
    '--out',
    await folder(t),
    '--json',
  );
  t.is(code, 1);
  t.regex(
    stderr,
    /nothing was run, all was skipped for the reasons above; .*report\.html \(unavailable\)\n$/,
  );
  const { ok, scenarios: ran } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    ok: boolean;
    scenarios: { skipped?: string }[];
  };
  t.false(ok);
  t.regex(ran[0]?.skipped ?? '', /no second build is given/);
});

test('another tool’s history is judged', async (t) => {
  const file = join(await folder(t), 'history.edn');
  await writeFile(
    file,
    [
      '{:process 0, :type :invoke, :f :write, :value 1}',
      '{:process 0, :type :ok, :f :write, :value 1}',
      '{:process 1, :type :invoke, :f :read, :value nil}',
      '{:process 1, :type :ok, :f :read, :value 2}',
    ].join('\n'),
  );
  const { code, stdout, stderr } = await tanist('chaos', 'check', file, '--model', 'register', '--json');
  t.is(code, 1, stderr);
  const verdict = JSON.parse(stdout) as { answer: string; operations: number };
  t.is(verdict.answer, 'no');
  t.is(verdict.operations, 2);
});

test('what registers begin with, a sum, a weaker promise: said by flags; what could not be decided is no success', async (t) => {
  const path = await folder(t);
  const check = async (lines: readonly string[], ...args: readonly string[]) => {
    const file = join(path, 'history.edn');
    await writeFile(file, lines.join('\n'));
    return tanist('chaos', 'check', file, ...args);
  };
  const zero = ['{:process 1 :type :invoke :f :read :value nil}', '{:process 1 :type :ok :f :read :value 0}'];
  const unknown = await check(zero);
  t.is(unknown.code, 1);
  t.regex(unknown.stdout, /--initial VALUE/);
  t.is((await check(zero, '--initial', '0')).code, 0);
  const bank = [
    '{:process 1 :type :invoke :f :read :value nil}',
    '{:process 1 :type :ok :f :read :value {0 5 1 -1}}',
  ];
  t.is((await check(bank)).code, 1);
  t.is((await check(bank, '--negative-balances')).code, 0);
  t.is((await check(bank, '--negative-balances', '--total', '9')).code, 1);
  const open = Array.from(
    { length: 40 },
    (_, i) => `{:process ${i} :type :invoke :f :cas :value [${i % 3} ${(i + 1) % 3}]}`,
  );
  const hard = [...zero, ...open].map((line) => line.replace(':value 0}', ':value 7}'));
  const late = await check(hard, '--model', 'register', '--initial', '0', '--seconds', '10');
  t.is(late.code, 1);
  t.regex(late.stdout, /not linearizable/);
});

test('the set for CI, on three processes: a leader killed and links cut one way under load, all is checked, the report is there', async (t) => {
  t.timeout(280_000);
  const out = await folder(t);
  const { code, stdout, stderr } = await tanist(
    ...['chaos', 'run', 'ci', '--seconds', '60', '--count', '1', '--rate', '200', '--clients', '4'],
    ...['--network', 'proxy', '--out', out, '--json'],
  );
  t.is(code, 0, stderr);
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  const {
    scenarios: ran,
    ok,
    report,
  } = JSON.parse(line) as {
    scenarios: {
      scenario: string;
      faults: number;
      acknowledged: number;
      lost: number;
      linearizable: string;
      watch: string;
      outages: unknown[];
    }[];
    ok: boolean;
    report: string;
  };
  t.true(ok);
  t.deepEqual(
    ran.map(({ scenario, lost, linearizable, watch }) => ({ scenario, lost, linearizable, watch })),
    ['kill-leader', 'partition-oneway'].map((scenario) => ({
      scenario,
      lost: 0,
      linearizable: 'yes',
      watch: 'yes',
    })),
  );
  t.true(ran.every(({ acknowledged, faults }) => acknowledged > 0 && faults > 0));
  t.true(ran[0] !== undefined && ran[0].outages.length > 0);
  // On a busy machine a check may have had too little to decide.
  t.regex(await readFile(report, 'utf8'), /kept its promises|broke no promise/);
  const again = await tanist('chaos', 'report', join(out, 'report.json'), '--out', join(out, 'again.html'));
  t.is(again.code, 0, again.stderr);
});
