import { execFileSync } from 'node:child_process';
import test from 'ava';
import { flagsOf, helperFlag } from '../../src/local/node-flags.ts';

test('garbage is collected by a thread for every four cores, by one at least and four at most', (t) => {
  t.deepEqual([1, 2, 7, 8, 16, 64].map(helperFlag), [
    ...['--v8-pool-size=1', '--v8-pool-size=1', '--v8-pool-size=1', '--v8-pool-size=2'],
    ...['--v8-pool-size=4', '--v8-pool-size=4'],
  ]);
});

test('Node.js takes the flags of every tier', (t) => {
  for (const tier of [undefined, 'hot', 'warm', 'cold'] as const)
    t.is(execFileSync(process.execPath, [...flagsOf(tier), '-p', '1'], { encoding: 'utf8' }).trim(), '1');
});
