import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { memberGrowth } from '../../../src/chaos/run/member-growth.ts';
import type { ScenarioResult } from '../../../src/chaos/run/result.ts';
import { runSoak } from '../../../src/chaos/soak/run-soak.ts';
import { soakSchedule } from '../../../src/chaos/soak/schedule.ts';
import { readSoakState, type SoakState, writeSoakState } from '../../../src/chaos/soak/soak-state.ts';
import { soakSummary } from '../../../src/chaos/soak/soak-summary.ts';
import { electionVerdict, growthVerdict } from '../../../src/chaos/soak/soak-verdicts.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { fakeHarness } from '../run/fake-cluster.ts';
import { virtualClock } from '../run/virtual-clock.ts';

const pool = ['kill-leader', 'freeze-leader', 'partition-oneway'];

test('the schedule of a segment is a function of seed, number, length and pool', (t) => {
  const first = soakSchedule(7, 3, 240_000, pool);
  t.deepEqual(first, soakSchedule(7, 3, 240_000, pool));
  t.notDeepEqual(first, soakSchedule(7, 4, 240_000, pool));
  t.notDeepEqual(first, soakSchedule(8, 3, 240_000, pool));
});

test('faults overlap, two at most, and the end is quiet', (t) => {
  let overlaps = 0;
  for (let segment = 0; segment < 20; segment++) {
    const entries = soakSchedule(1, segment, 240_000, pool);
    t.true(entries.length >= 4);
    for (const { fromMs, toMs, scenario } of entries) {
      t.true(fromMs < toMs && toMs <= 240_000 * 0.85 + 1);
      t.true(pool.includes(scenario));
      const others = entries.filter((other) => other.fromMs < toMs && fromMs < other.toMs).length - 1;
      overlaps += others;
      t.true(entries.filter((other) => other.fromMs <= fromMs && fromMs < other.toMs).length <= 2);
    }
  }
  t.true(overlaps > 20);
  t.deepEqual(soakSchedule(1, 0, 240_000, []), []);
});

const state: SoakState = {
  format: 'tanist-soak-1',
  seed: 3,
  hours: 0.1,
  segmentSeconds: 60,
  hot: 3,
  warm: 0,
  cold: 0,
  network: 'auto',
  rate: 100,
  clients: 1,
  segmentsDone: 0,
  elapsedMs: 0,
};

test('a state goes to a file and back; anything else is refused in one line', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tanist-soak-test-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await t.throwsAsync(readSoakState(folder), {
    instanceOf: TanistError,
    message: /--resume wants the folder of a soak/,
  });
  await writeSoakState(folder, state);
  t.deepEqual(await readSoakState(folder), state);
  await writeFile(join(folder, 'soak.json'), '{"format":"other"}');
  await t.throwsAsync(readSoakState(folder), { instanceOf: TanistError, message: /is no state of a soak/ });
});

test('a soak goes segment by segment until its hours are over, and goes on from where it was', async (t) => {
  const clock = virtualClock();
  const results: ScenarioResult[] = [];
  const states: SoakState[] = [];
  const harness = fakeHarness({ clock });
  const leftOut: (readonly string[])[] = [];
  const events = (stop?: AbortSignal) => ({
    folder: async () => '/nowhere',
    opened: (names: readonly string[]): void => {
      leftOut.push(names);
    },
    ...(stop === undefined ? {} : { stop }),
    ended: async (result: ScenarioResult, now: SoakState) => {
      results.push(result);
      states.push(now);
    },
  });
  const stop = new AbortController();
  void clock.delay(100_000).then(() => stop.abort());
  const half = await runSoak(harness, state, {}, events(stop.signal));
  t.is(half.segmentsDone, 2);
  t.is(leftOut.length, 1);
  t.true(leftOut[0]?.includes('partition-ring (needs 5 hot)'));
  t.true(
    results[0]?.moments.some((moment) => moment.kind === 'note' && moment.text.includes('partition-ring')),
  );
  const unstopped = new AbortController().signal;
  const end = await runSoak(harness, half, {}, events(unstopped));
  t.is(getEventListeners(unstopped, 'abort').length, 0, 'no script that is over listens on');
  t.true(end.elapsedMs >= 360_000);
  t.is(end.segmentsDone, results.length);
  t.true(
    results.every(({ ok }) => ok),
    results.flatMap(({ failures }) => failures).join('\n'),
  );
  t.deepEqual(
    results.map(({ scenario }) => scenario),
    results.map((_, i) => `soak ${i + 1}`),
  );
  t.true(results.reduce((sum, { faults }) => sum + faults, 0) > 10);
  t.is(states.at(-1)?.segmentsDone, end.segmentsDone);
  const summary = soakSummary(results, 0.1);
  t.true(summary.hoursDone >= 0.05);
  t.true(summary.elections > 0);
});

test('a cluster that does not start: the soak ends at once, and after it once did, after a few attempts that wait longer each time', async (t) => {
  const clock = virtualClock();
  const results: ScenarioResult[] = [];
  const events = {
    folder: async () => '/nowhere',
    ended: async (result: ScenarioResult) => {
      results.push(result);
    },
  };
  const never = fakeHarness({
    clock,
    onStart: () => {
      throw new Error('no address is free');
    },
  });
  await t.throwsAsync(runSoak(never, state, {}, events), {
    instanceOf: TanistError,
    message: /^the cluster did not start: no address is free$/,
  });
  t.deepEqual(results, [], 'nothing was soaked');
  let starts = 0;
  const startedAtMs: number[] = [];
  const once = fakeHarness({
    clock,
    diesAfterKills: 1,
    onStart: () => {
      startedAtMs.push(clock.nowMs());
      if (starts++ > 0) throw new Error('no address is free');
    },
  });
  await t.throwsAsync(runSoak(once, state, {}, events), { message: /did not start 4 times: no address is/ });
  t.is(results.length, 5);
  const [first = 0, ...rest] = startedAtMs.slice(1);
  t.deepEqual(
    rest.map((atMs) => Math.round((atMs - first) / 1000)),
    [1, 6, 21],
  );
});

test('what only shows over all segments is judged: elections without a cause, growth of a level and of one process', (t) => {
  const load = [{ load: { median: 1, most: 1, longestStallMs: 0 } }];
  t.is(electionVerdict(1, 0.1, load, 2).answer, 'yes');
  t.is(electionVerdict(2, 2, load, 2).answer, 'yes');
  t.is(electionVerdict(3, 2, load, 2).answer, 'no');
  const busy = [{ load: { median: 9, most: 9, longestStallMs: 0 } }];
  t.is(electionVerdict(3, 2, busy, 2).answer, 'unknown');
  const mib = 1024 * 1024;
  const samples = (minutes: number, bytesAt: (minute: number) => number, pidAt = (_: number) => 1) =>
    Array.from({ length: minutes * 12 }, (_, i) => ({
      atMs: i * 5000,
      pid: pidAt(i / 12),
      residentBytes: bytesAt(i / 12),
      descriptors: 40,
    }));
  const judged = (all: ReturnType<typeof samples>) => {
    const bounds = { bytes: 24 * mib, descriptors: 10 };
    return growthVerdict([memberGrowth('n0', all, bounds)], { n0: all }, (all.at(-1)?.atMs ?? 0) / 3_600_000);
  };
  t.is(judged(samples(3, () => 80 * mib)).answer, 'unknown');
  t.is(judged(samples(120, (minute) => (80 + (minute % 3)) * mib)).answer, 'yes');
  t.is(judged(samples(120, (minute) => (80 + minute) * mib)).answer, 'no');
  t.is(judged(samples(8, (minute) => (80 + 10 * minute) * mib)).answer, 'unknown', 'caches fill');
  // Each life of twenty minutes leaks; the level over all of them is flat.
  const lives = judged(
    samples(
      120,
      (minute) => (80 + 4 * (minute % 20)) * mib,
      (minute) => Math.floor(minute / 20),
    ),
  );
  t.is(lives.answer, 'no');
  t.regex(lives.detail, /memory of n0 grows by .* MiB an hour/);
});
