import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { testEachMutant } from '../each-mutant.ts';
import { runScenario } from './scenario.ts';

// From dist/test/raft/ to the sources. TANIST_REWRITE=1 writes what is printed now into the files: read the difference before committing it.
const folder = join(fileURLToPath(new URL('.', import.meta.url)), '../../../test/raft/scenarios');

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  test(file, (t) => {
    const path = join(folder, file);
    const expected = readFileSync(path, 'utf8');
    const printed = runScenario(expected);
    if (process.env.TANIST_REWRITE === '1') writeFileSync(path, printed);
    else t.is(printed, expected);
    t.pass();
  });
}

/** What differs from the golden trace, or the invariant that is broken on the way. */
const replay = (file: string) => async (): Promise<readonly string[]> => {
  const expected = readFileSync(join(folder, file), 'utf8');
  try {
    return runScenario(expected) === expected ? [] : ['another trace'];
  } catch (error) {
    return [String(error)];
  }
};

testEachMutant({
  'prevote-round-ignored': replay('late-pre-vote.txt'),
  'vote-for-earlier-start': replay('vote-for-earlier-start.txt'),
  'office-before-own-vote': replay('office-before-own-vote.txt'),
});
