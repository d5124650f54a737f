import { readFileSync } from 'node:fs';
import test from 'ava';
import { rerunCommand, runSeeds } from '../../src/simulator/run-seeds.ts';
import { shrink, shrunkLines } from '../../src/simulator/shrink.ts';
import { simulate } from '../../src/simulator/simulate.ts';

/** Each failed once; see git's log for what it found. */
const old: readonly number[] = JSON.parse(
  readFileSync(new URL('../../../test/simulator/seeds.json', import.meta.url), 'utf8'),
);
const wallMs = (): number => performance.now();

/** Fresh ones at every run: `TANIST_SIM_SEEDS` says how many, `TANIST_SIM_FROM` repeats a run. */
const fresh = Number(process.env.TANIST_SIM_SEEDS ?? 20);
const from = Number(process.env.TANIST_SIM_FROM ?? Math.floor(Date.now() / 1000));

test.serial('the same seed gives the same run, event by event', async (t) => {
  const first = await simulate({ seed: 5, trace: true });
  const second = await simulate({ seed: 5, trace: true });
  t.true(first.steps > 1000);
  t.true(first.trace.join() === second.trace.join());
  t.is(first.digest, second.digest);
  t.not((await simulate({ seed: 6 })).digest, first.digest);
});

for (const seed of old)
  test.serial(`seed ${seed}, which failed once, holds`, async (t) => {
    t.timeout(120_000);
    const { failure } = await simulate({ seed, topology: false });
    t.is(failure, null, `${rerunCommand(seed)}: ${failure?.detail}`);
  });

/** They failed before one machine's clocks ran far too slow in them. */
const beforeSlowClocks = [
  { seed: 3, tiers: false },
  { seed: 90, tiers: false },
  { seed: 386, tiers: false },
  { seed: 927, tiers: false },
  { seed: 100, tiers: true },
];

for (const { seed, tiers } of beforeSlowClocks)
  test.serial(`seed ${seed} without a slow clock, which failed once, holds`, async (t) => {
    t.timeout(120_000);
    const { failure } = await simulate({ seed, tiers, slowClocks: false, topology: false });
    t.is(failure, null, failure?.detail);
  });

/** With replicas beyond the quorum; they failed once, too. */
const withTiers: readonly number[] = [6, 31, 40, 42, 56, 58, 100, 138, 223, 270, 312, 363, 515, 707, 953];

for (const seed of withTiers)
  test.serial(`seed ${seed} with tiers, which failed once, holds`, async (t) => {
    t.timeout(120_000);
    const { failure } = await simulate({ seed, tiers: true, topology: false });
    t.is(failure, null, failure?.detail);
  });

test.serial('a mark in the middle of an entry is found', async (t) => {
  const { failure } = await simulate({
    seed: 487,
    tiers: true,
    predictions: false,
    slowClocks: false,
    topology: false,
    mutant: 'mark-half-applied',
  });
  t.is(failure?.check, 'tier-content');
});

test.serial('fresh seeds hold', async (t) => {
  t.timeout(120_000);
  const summary = await runSeeds(from, from + fresh, { wallMs });
  const { seeds, steps, clusterSeconds, wallSeconds, calls } = summary;
  t.log(
    `${seeds} seeds from ${from}, ${steps} steps, ${(clusterSeconds / wallSeconds).toFixed(0)} cluster-seconds and ` +
      `${(steps / wallSeconds).toFixed(0)} steps a second, ${calls.answered} calls answered`,
  );
  const failed = summary.failures.map(({ seed, detail }) => `${rerunCommand(seed)}: ${detail}`);
  const [first] = summary.failures;
  const shrunk = first === undefined ? null : await shrink(first.invariant, { seed: first.seed });
  if (shrunk !== null) for (const line of shrunkLines(shrunk, 60)) t.log(line);
  t.deepEqual(failed, [], `repeat with TANIST_SIM_FROM=${from}`);
});
