import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parsePlan } from '../../../src/chaos/run/plan-file.ts';
import { defaultTraffic, replayCommand } from '../../../src/chaos/run/run-plan.ts';
import { planOf } from '../../../src/cli/chaos/plan-of.ts';
import { TanistError } from '../../../src/foundation/errors.ts';

test('a plan: cluster, traffic, budgets, runs with seeds', (t) => {
  const plan = parsePlan(`
cluster: { hot: 5, warm: 1, config: my.yaml }
network: proxy
traffic: { rate: 300, clients: 8, parts: [registers] }
budgets: { kill: { medianMs: 30, worstMs: 100 } }
runs:
  - { scenario: kill-leader, seconds: 30, seeds: 1..3 }
  - { scenario: kill-loop, count: 100, seeds: [7, 9] }
  - scenario: kill-leader+partition-oneway
`);
  t.is(plan.hot, 5);
  t.is(plan.config, 'my.yaml');
  t.deepEqual(plan.parts, ['registers']);
  t.deepEqual(plan.budgetTable.kill, { medianMs: 30, worstMs: 100 });
  t.deepEqual(plan.budgetTable.freeze, { medianMs: 120, worstMs: 300 });
  t.deepEqual(
    plan.runs.map(({ selection, seeds, seconds, count }) => [selection.name, seeds, seconds, count]),
    [
      ['kill-leader', [1, 2, 3], 30, undefined],
      ['kill-loop', [7, 9], undefined, 100],
      ['kill-leader+partition-oneway', undefined, undefined, undefined],
    ],
  );
});

const wrong: readonly (readonly [string, RegExp])[] = [
  ['runs: [', /^p\.yaml: not valid YAML: /],
  ['[]', /^p\.yaml: the file: must be a map of keys and values$/],
  ['cluster: {}', /^p\.yaml: runs: /],
  ['runs: []', /^p\.yaml: runs: must name at least one run, not \[\]$/],
  [
    'runs: [{ scenario: kill-leadr }]',
    /^p\.yaml: runs\[0\]\.scenario: no scenario "kill-leadr" \(did you mean "kill-leader"\?\)/,
  ],
  [
    'runs: [{ scenario: kill-leader, secnds: 3 }]',
    /^p\.yaml: runs\[0\]\.secnds: unknown key; .*did you mean "seconds"/,
  ],
  [
    'runs: [{ scenario: kill-leader, seconds: -1 }]',
    /^p\.yaml: runs\[0\]\.seconds: must be a number above 0, not -1$/,
  ],
  [
    'runs: [{ scenario: kill-leader, seeds: 3..1 }]',
    /^p\.yaml: runs\[0\]\.seeds: must be a whole number, a range such as 1\.\.3/,
  ],
  [
    'runs: [{ scenario: all }]\nnetwork: vlan',
    /^p\.yaml: network: must be one of auto, namespaces, proxy, not "vlan"$/,
  ],
  [
    'runs: [{ scenario: all }]\ncluster: { hot: 0 }',
    /^p\.yaml: cluster\.hot: must be a whole number from 1 to 9, not 0$/,
  ],
  ['runs: [{ scenario: all }]\nbudgets: { kill: { medianMs: 1 } }', /^p\.yaml: budgets\.kill\.worstMs: /],
  ['runs: [{ scenario: all }]\nbudget: {}', /^p\.yaml: budget: unknown key; .*did you mean "budgets"/],
];
for (const [text, message] of wrong)
  test(`refused in one line: ${text.replace(/\n/g, ' ')}`, (t) => {
    const error = t.throws(() => parsePlan(text, 'p.yaml'), { instanceOf: TanistError });
    t.is(error?.code, 'config-invalid');
    t.regex(error?.message ?? '', message);
    t.false(error?.message.includes('\n'));
  });

test('the command that does a run again says all that is not as ever', (t) => {
  const { runs, budgetTable } = parsePlan('runs: [{ scenario: kill-leader }]');
  const run = { selection: runs[0]!.selection, seconds: 5 };
  const settings = {
    network: 'auto',
    ...defaultTraffic,
    budgetTable,
    budgets: 'report',
  } as const;
  t.is(replayCommand(settings, run, 7, 'tanist'), 'npx tanist chaos run kill-leader --seed 7 --seconds 5');
  t.is(
    replayCommand(
      {
        ...settings,
        network: 'proxy',
        hot: 5,
        rate: 200,
        clients: 4,
        parts: ['steady', 'leases'],
        configFile: 'c.yaml',
      },
      { ...run, count: 3 },
      7,
      'etcd',
    ),
    'npx tanist chaos run kill-leader --seed 7 --seconds 5 --count 3 --target etcd --hot 5 --network proxy --config c.yaml --rate 200 --clients 4 --traffic steady,leases',
  );
});

test('what the line says goes before what the plan says, and a count is given the time it takes', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-plan-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const plan = join(folder, 'plan.yaml');
  await writeFile(
    plan,
    'runs: [{ scenario: kill-loop, count: 100 }, { scenario: ci, seeds: 4 }, { scenario: calm, seconds: 7 }]\n',
  );
  const runs = async (line: object) =>
    (await planOf([], { plan, budgets: 'report', ...line })).runs.map(
      ({ selection, seeds, seconds, count }) => [selection.name, seeds, seconds, count],
    );
  t.deepEqual(await runs({}), [
    ['kill-loop', [1], 3600, 100],
    ['kill-leader', [4], 12, undefined],
    ['partition-oneway', [4], 12, undefined],
    ['calm', [1], 7, undefined],
  ]);
  t.deepEqual(await runs({ seconds: 3, seeds: { from: 5, to: 6 }, count: 2 }), [
    ['kill-loop', [5, 6], 3, 2],
    ['kill-leader', [5, 6], 3, 2],
    ['partition-oneway', [5, 6], 3, 2],
    ['calm', [5, 6], 3, 2],
  ]);
  const both = { budgets: 'report', target: 'etcd' } as const;
  await t.throwsAsync(planOf(['ci'], { ...both, mutant: 'count-learner' }), {
    message: /^--mutant: only nodes/,
  });
  await t.throwsAsync(planOf(['ci'], { ...both, warm: 1 }), { message: /^--warm: only for Tanist/ });
});
