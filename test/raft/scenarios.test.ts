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

testEachMutant({
  // Depose-by-mistake breaks no promise, so no invariant of the simulator sees it.
  'prevote-round-ignored': async () => {
    const expected = readFileSync(join(folder, 'late-pre-vote.txt'), 'utf8');
    return runScenario(expected) === expected ? [] : ['another trace'];
  },
});
