import test from 'ava';
import { isForeseeable } from '../../src/cli/bench/mirrors/foreseeable.ts';
import { generatedHistories } from '../../src/cli/bench/mirrors/histories.ts';
import { realHistories } from '../../src/cli/bench/mirrors/real-histories.ts';

test('the bundled histories are whole: enough of them, ascending, of years that have been', (t) => {
  const histories = realHistories(1);
  t.true(histories.length >= 12);
  t.is(new Set(histories.map(({ name }) => name)).size, histories.length);
  for (const { name, changesMs } of histories) {
    t.true(changesMs.length >= 60 && changesMs.length <= 400, name);
    t.true(
      changesMs.every((time, i) => i === 0 || time > (changesMs[i - 1] ?? 0)),
      name,
    );
    t.true((changesMs[0] ?? 0) > Date.UTC(1995, 0) && (changesMs.at(-1) ?? 0) < Date.UTC(2026, 10, 22), name);
  }
});

test('two changes or fewer foretell nothing', (t) => {
  for (const changesMs of [[], [1], [1, 2]]) t.false(isForeseeable(changesMs), `${changesMs}`);
});

test('foreseeable is what comes where earlier changes say, and neither chance nor bursts', (t) => {
  const of = (name: string): boolean => {
    const found = generatedHistories(2).find((each) => each.name.startsWith(name));
    return isForeseeable(found?.changesMs ?? []);
  };
  for (const name of ['exporter', 'hourly', 'nightly', 'token', 'three runs', 'quarter', 'batch'])
    t.true(of(name), name);
  for (const name of ['memoryless', 'deploys', 'bursts', 'autoscaler', 'heavy']) t.false(of(name), name);
});
