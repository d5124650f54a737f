import test from 'ava';
import { shrink, shrunkLines } from '../../src/simulator/shrink.ts';
import { simulate } from '../../src/simulator/simulate.ts';

test.serial('of a failing seed fewer faults are left, with which it fails in the same check', async (t) => {
  const mutant = 'acknowledge-before-sync';
  const seed = 1;
  const { failure, plan } = await simulate({ seed, mutant });
  const check = failure?.check ?? '';
  const shrunk = await shrink(check, { seed, mutant, runs: 12 });
  t.true(shrunk !== null && shrunk.faults.length < plan.faults.length);
  t.is(shrunk?.before, plan.faults.length);
  const again = await simulate({ seed, mutant, plan: { ...plan, faults: shrunk?.faults ?? [] } });
  t.is(again.failure?.check, check);
  const lines = shrunk === null ? [] : shrunkLines(shrunk, 5);
  t.is(lines.length, 2 + (shrunk?.faults.length ?? 0) + 5);
  t.regex(lines[0] ?? '', /^\d+ of its \d+ faults suffice:$/);
});

test.serial('a seed that does not fail is not shrunk', async (t) => {
  t.is(await shrink('linearizable', { seed: 1, runs: 3 }), null);
});
