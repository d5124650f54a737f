import test from 'ava';
import { activateMutantOf } from '../../src/cli/local/mutant-of-environment.ts';
import type { MutantName } from '../../src/foundation/mutants.ts';

test('a mutant is turned on by its name, in a test build alone', (t) => {
  const turnedOn: (MutantName | null)[] = [];
  const activate = (name: MutantName | null): void => void turnedOn.push(name);
  activateMutantOf(undefined, 'test', activate);
  activateMutantOf(undefined, 'release', activate);
  activateMutantOf('', 'release', activate);
  t.deepEqual(turnedOn, []);
  activateMutantOf('vote-before-durable', 'test', activate);
  t.deepEqual(turnedOn, ['vote-before-durable']);
  t.throws(() => activateMutantOf('vote-before-durable', 'release', activate), {
    code: 'config-invalid',
    message: /release build has no mutants/,
  });
  t.throws(() => activateMutantOf('vote', 'test', activate), {
    code: 'config-invalid',
    message: /no such mutant/,
  });
});
