import test from 'ava';
import { activateMutant, type MutantName } from '../../src/foundation/mutants.ts';
import { randomRun } from './random-run.ts';

const stepsPerSeed = 2000;

test('invariants hold on a lossy network with crashes, changes and hand-overs (Raft figure 3)', (t) => {
  let committed = 0;
  let reads = 0;
  for (let seed = 1; seed <= 300; seed++) {
    try {
      const result = randomRun(seed, stepsPerSeed);
      committed += result.committed;
      reads += result.reads;
    } catch (error) {
      t.fail(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
      return;
    }
  }
  t.true(committed > 1000, `${committed} entries committed: the runs do something`);
  t.true(reads > 500, `${reads} reads served: the runs do something`);
});

const found: readonly MutantName[] = [
  'vote-before-durable',
  'vote-lost-at-restart',
  'vote-twice-in-term',
  'vote-without-up-to-date-check',
  'commit-earlier-term-by-counting',
  'keep-conflicting-suffix',
  'count-learner',
  'single-quorum-in-joint-change',
  'read-without-quorum-round',
  'read-joins-earlier-round',
];

for (const name of found) {
  test(`the random runs find the mutant ${name}`, (t) => {
    activateMutant(name);
    try {
      for (let seed = 1; seed <= 600; seed++) {
        try {
          randomRun(seed, stepsPerSeed);
        } catch (error) {
          t.log(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
          t.is((error as Error).name, 'AssertionError');
          t.notRegex((error as Error).message, /no progress/);
          return;
        }
      }
      t.fail(`${name} was not found`);
    } finally {
      activateMutant(null);
    }
  });
}
