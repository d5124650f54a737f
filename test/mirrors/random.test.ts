import test from 'ava';
import { activateMutant, type MutantName } from '../../src/foundation/mutants.ts';
import { randomRun, type Weather } from './random-world.ts';

/** 136 found that a reader joined a look that had begun before the event it came after. */
const seeds = [...Array.from({ length: 10 }, (_, i) => i + 1), 136];

for (const weather of ['calm', 'pauses', 'lag'] as const) {
  test.serial(
    `${weather}: one call at a time within the budget, nothing goes back, no event is forgotten`,
    async (t) => {
      t.timeout(120_000);
      for (const seed of seeds) t.deepEqual(await randomRun(seed, weather), [], `seed ${seed}`);
    },
  );
}

const mutants: readonly (readonly [MutantName, Weather])[] = [
  ['mirror-claim-ignored', 'calm'],
  ['mirror-budget-free', 'calm'],
  ['mirror-older-accepted', 'lag'],
  ['mirror-fence-ignored', 'pauses'],
  ['mirror-invalidation-forgotten', 'calm'],
];

for (const [mutant, weather] of mutants) {
  test.serial(`mutant ${mutant} is found`, async (t) => {
    t.timeout(120_000);
    activateMutant(mutant);
    try {
      for (let seed = 1; seed <= 60; seed++) {
        if ((await randomRun(seed, weather)).length > 0) {
          t.log(`by seed ${seed}`);
          return t.pass();
        }
      }
      t.fail('no seed finds it');
    } finally {
      activateMutant(null);
    }
  });
}
