import test from 'ava';
import { activateMutant, type MutantName } from '../src/foundation/mutants.ts';

/** A test for each: its check finds nothing wrong in the code as it is, and something with the mutant. */
export function testEachMutant(checks: Partial<Record<MutantName, () => Promise<readonly string[]>>>): void {
  for (const [name, check] of Object.entries(checks) as [MutantName, () => Promise<readonly string[]>][])
    test.serial(`${name} is found`, async (t) => {
      t.deepEqual(await check(), []);
      activateMutant(name);
      try {
        t.not((await check()).length, 0);
      } finally {
        activateMutant(null);
      }
    });
}
