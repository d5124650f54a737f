import test from 'ava';
import type { MutantName } from '../../src/foundation/mutants.ts';
import { simulate } from '../../src/simulator/simulate.ts';

/** Within how many seeds, from 1 on, the simulator finds each deliberate fault. */
const foundWithin: Partial<Record<MutantName, number>> = JSON.parse('{}');

for (const [mutant, seeds] of Object.entries(foundWithin) as [MutantName, number][]) {
  test.serial(`${mutant} is found within ${seeds} seeds`, async (t) => {
    t.timeout(120_000);
    for (let seed = 1; seed <= seeds; seed++) {
      const { failure } = await simulate({ seed, mutant });
      if (failure === null) continue;
      t.log(`seed ${seed}: ${failure.check}`);
      t.pass();
      return;
    }
    t.fail();
  });
}
