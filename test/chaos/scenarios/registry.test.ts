import test from 'ava';
import { type Selected, scenarios, scenariosOf, select } from '../../../src/chaos/scenarios/registry.ts';

const namesOf = (selected: Selected): readonly string[] =>
  selected.kind === 'selected' ? selected.selections.map(({ name }) => name) : [selected.problem];

test('every scenario has a name of its own that can be combined, and words for it', (t) => {
  t.is(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  for (const { name, description, hot } of scenarios) {
    t.regex(name, /^[a-z]+(-[a-z]+)*$/);
    t.true(description.length > 10, name);
    t.true(hot >= 3, name);
  }
});

test('every family of faults is there', (t) => {
  const wanted = [
    'kill-leader kill-heir kill-random kill-all kill-during-snapshot kill-during-hand-over kill-loop power-loss',
    'freeze-leader freeze-loop stop-leader transfer rolling-restart',
    'partition-leader partition-halves partition-oneway partition-bridge partition-ring partition-flapping partition-loop',
    'network-delay network-loss network-bandwidth',
    'disk-full bit-flip-table bit-flip-log truncated-tail removed-data old-disk-image sync-errors slow-syncs',
    'clock-offset clock-drift membership-change tier-promotion memory-limit version-skew',
  ]
    .join(' ')
    .split(' ');
  t.deepEqual(
    wanted.filter((name) => !scenarios.some((scenario) => scenario.name === name)),
    [],
  );
});

test('sets: all has every one that has a fault, quick and ci are parts of it', (t) => {
  const all = scenariosOf('all');
  t.is(all.length, scenarios.length);
  t.true(scenariosOf('quick').every((scenario) => all.includes(scenario)));
  t.true(scenariosOf('quick').length <= 9);
  t.is(scenariosOf('ci').length, 2);
});

test('names, combinations and sets; each once', (t) => {
  t.deepEqual(namesOf(select(['kill-leader', 'kill-leader+partition-oneway', 'kill-leader'])), [
    'kill-leader',
    'kill-leader+partition-oneway',
  ]);
  const combined = select(['kill-leader+partition-oneway']);
  t.deepEqual(combined.kind === 'selected' && combined.selections[0]?.scenarios.map(({ name }) => name), [
    'kill-leader',
    'partition-oneway',
  ]);
  t.deepEqual(namesOf(select(['ci', 'kill-leader'])), ['kill-leader', 'partition-oneway']);
});

test('an unknown name is refused with the nearest one', (t) => {
  const [problem = ''] = namesOf(select(['kill-leadr']));
  t.regex(problem, /^no scenario "kill-leadr" \(did you mean "kill-leader"\?\)/);
  t.regex(namesOf(select(['kill-leader+partition-onway']))[0] ?? '', /did you mean "partition-oneway"/);
  t.regex(namesOf(select(['quik']))[0] ?? '', /did you mean "quick"/);
});
