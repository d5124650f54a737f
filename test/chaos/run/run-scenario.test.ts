import test from 'ava';
import { budgets } from '../../../src/chaos/moment.ts';
import { electionVerdicts } from '../../../src/chaos/run/election-verdict.ts';
import { isUndecided } from '../../../src/chaos/run/result.ts';
import { runScenario } from '../../../src/chaos/run/run-scenario.ts';
import type { ScenarioOptions } from '../../../src/chaos/run/scenario-options.ts';
import type { Selection } from '../../../src/chaos/scenarios/registry.ts';
import { select } from '../../../src/chaos/scenarios/registry.ts';
import { type FakeOptions, fakeHarness } from './fake-cluster.ts';
import { virtualClock } from './virtual-clock.ts';

function selection(name: string): Selection {
  const selected = select([name]);
  if (selected.kind === 'unknown') throw new Error(selected.problem);
  return selected.selections[0]!;
}

function run(name: string, given: Partial<ScenarioOptions> = {}, fake: Omit<FakeOptions, 'clock'> = {}) {
  return runScenario(fakeHarness({ clock: virtualClock(), ...fake }), {
    selection: selection(name),
    seed: 1,
    seconds: 30,
    target: 'tanist',
    network: 'auto',
    rate: 100,
    clients: 1,
    budgets,
    assertBudgets: false,
    folder: '/nowhere',
    replay: 'again',
    ...given,
  });
}

test('a run: faults, outages against budgets, elections, verdicts', async (t) => {
  let stops = 0;
  const result = await run('kill-leader', {}, { onStop: () => stops++ });
  t.deepEqual(result.failures, []);
  t.true(result.ok);
  t.true(result.faults >= 3);
  t.is(result.outages.length, result.faults);
  t.true(result.outages.every(({ outageMs }) => outageMs !== null && outageMs >= 30 && outageMs <= 45));
  t.is(result.elections, result.faults);
  t.deepEqual(result.falseElections, []);
  t.is(result.linearizable, 'yes');
  t.is(result.lost, 0);
  t.is(stops, 1);
  const [kill] = result.budgets;
  t.is(kill?.held, false);
  t.false((await run('kill-leader', { assertBudgets: true })).ok);
});

test('the same seed does the same; another one does something else', async (t) => {
  const faultsOf = async (seed: number) =>
    (await run('kill-random', { seed })).moments.flatMap((moment) =>
      moment.kind === 'fault' ? [`${Math.round(moment.atMs / 50)} ${moment.on}`] : [],
    );
  t.deepEqual(await faultsOf(5), await faultsOf(5));
  t.notDeepEqual(await faultsOf(5), await faultsOf(6));
});

test('a count ends a loop', async (t) => {
  const result = await run('kill-loop', { seconds: 3600, count: 20 });
  t.is(result.faults, 20);
  t.is(result.outages.length, 20);
});

test('two scripts at the same time share one cluster', async (t) => {
  const result = await run('kill-leader+partition-oneway');
  t.true(result.ok);
  const names = new Set(result.moments.flatMap((moment) => (moment.kind === 'fault' ? [moment.name] : [])));
  t.deepEqual([...names].sort(), ['kill leader', 'partition one-way']);
  const open = new Set<number>();
  for (const moment of result.moments) {
    if (moment.kind === 'fault') open.add(moment.id);
    if (moment.kind === 'healed') open.delete(moment.id);
  }
  t.is(open.size, 0);
});

test('what the machine lacks is skipped with its reason, and not passed', async (t) => {
  const result = await run(
    'network-loss',
    {},
    { lacks: (need) => (need === 'packet-loss' ? 'a proxy loses no packets' : null) },
  );
  t.is(result.skipped, 'packet-loss: a proxy loses no packets');
  t.is(result.linearizable, 'unknown');
  t.regex((await run('partition-ring', { hot: 3 })).skipped ?? '', /needs 5 hot members/);
  t.is((await run('tier-promotion', { target: 'etcd' })).skipped, 'only for Tanist');
  t.regex((await run('version-skew')).skipped ?? '', /no second build/);
});

test('a broken check, a lost write, a cluster that stays silent: not ok', async (t) => {
  const broken = await run(
    'calm',
    { seconds: 2 },
    { verdicts: [{ check: 'linearizable', answer: 'no', detail: 'k', violations: [] }] },
  );
  t.false(broken.ok);
  t.is(broken.linearizable, 'no');
  t.false((await run('calm', { seconds: 2 }, { lost: 1 })).ok);
  const silent = await run('kill-heir', { seconds: 20 }, { diesAfterKills: 1 });
  t.false(silent.ok);
  t.true(silent.failures.some((failure) => failure.includes('no write was acknowledged within 15 s')));
});

test('told to stop: faults end, the cluster heals, the result is there', async (t) => {
  const stop = new AbortController();
  const clock = virtualClock();
  const harness = fakeHarness({ clock });
  void clock.delay(5000).then(() => stop.abort());
  const result = await runScenario(harness, {
    selection: selection('kill-leader'),
    seed: 1,
    seconds: 3600,
    target: 'tanist',
    network: 'auto',
    rate: 100,
    clients: 1,
    budgets,
    assertBudgets: false,
    folder: '/nowhere',
    replay: 'again',
    stop: stop.signal,
  });
  t.true(result.ok);
  t.true(result.endedMs < 60_000);
  t.is(result.linearizable, 'yes');
});

test('a fault that did nothing is none, and a script that did none is told by its name', async (t) => {
  const nothing = await run('bit-flip-table');
  t.is(nothing.faults, 0);
  t.true(isUndecided(nothing));
  t.deepEqual(
    nothing.verdicts.flatMap(({ check, detail }) => (check === 'faults' ? [detail] : [])),
    ['bit-flip-table did nothing within the time: raise --seconds'],
  );
  const both = await run('kill-leader+bit-flip-table');
  t.true(both.faults > 0);
  t.regex(both.verdicts.at(-1)?.detail ?? '', /^bit-flip-table did nothing/);
  // A store that is opened once more has a table.
  let attempts = 0;
  const late = await run(
    'bit-flip-table',
    { count: 2 },
    { flipBit: () => (++attempts % 2 === 0 ? 'a bit' : null) },
  );
  t.deepEqual([late.faults, attempts], [2, 4]);
  t.false(isUndecided(late));
});

test('a count that was not reached is said', async (t) => {
  const result = await run('kill-loop', { seconds: 5, count: 1000 });
  t.true(result.faults > 0);
  t.regex(result.verdicts.at(-1)?.detail ?? '', /^kill-loop came to \d+ of 1000 faults within the time/);
  t.true(isUndecided(result));
});

test('a hand-over that was refused is measured as none', async (t) => {
  let asked = 0;
  const transfer = async (): Promise<void> => {
    if (++asked % 2 === 0) throw new Error('no heir is caught up');
  };
  const result = await run('transfer', {}, { transfer });
  const done = Math.ceil(asked / 2);
  t.true(asked > 4);
  t.true(result.faults <= done && result.faults >= done - 1);
  t.is(result.outages.length, result.faults);
  t.is(result.budgets[0]?.count, result.faults);
});

test('where nothing is done nobody may be elected; elsewhere a false election is an error where budgets are', async (t) => {
  const calm = await run('calm', { seconds: 10 });
  t.is(calm.verdicts.find(({ check }) => check === 'elections')?.answer, 'yes');
  const killed = await run('kill-heir', { seconds: 10 }, { electsAtMs: 1000 });
  t.is(killed.falseElections.length, 1);
  t.false(killed.verdicts.some(({ check }) => check === 'elections'));
  const election = { atMs: 4000, member: 'n1', term: 2, isFalse: true, isForeseen: false };
  const answer = (name: string, assertBudgets: boolean, stalls: { fromMs: number; toMs: number }[] = []) =>
    electionVerdicts({ selection: { name }, assertBudgets }, 'tanist', [election], stalls)[0]?.answer;
  t.is(answer('calm', false), 'no');
  t.is(answer('kill-heir', true), 'no');
  t.is(answer('kill-heir', false), undefined);
  t.is(answer('calm', false, [{ fromMs: 2000, toMs: 2500 }]), 'unknown');
  t.is(answer('calm', false, [{ fromMs: 5000, toMs: 5500 }]), 'no');
  t.deepEqual(
    electionVerdicts({ selection: { name: 'calm' }, assertBudgets: true }, 'etcd', [election], []),
    [],
  );
});

test('the loop of partitions goes through every kind in turn', async (t) => {
  const { moments, faults } = await run('partition-loop', { seconds: 3600, count: 10 });
  t.is(faults, 10);
  const names = moments.flatMap((moment) => (moment.kind === 'fault' ? [moment.name] : []));
  const kinds = ['leader', 'halves', 'one-way', 'bridge', 'flapping'].map((kind) => `partition ${kind}`);
  t.deepEqual(names, [...kinds, ...kinds]);
});
