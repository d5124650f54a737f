import test from 'ava';
import { withoutUnlocked } from '../../src/cli/dependencies/sandbox.ts';

test('of a lock file the optional packages that it does not lock are left out, as npm ci wants it', (t) => {
  const lock = {
    name: 'x',
    packages: {
      '': { optionalDependencies: { here: '1', nowhere: '1' } },
      'node_modules/here': {
        version: '1',
        optionalDependencies: { here: '1', beside: '1', below: '1', gone: '1' },
      },
      'node_modules/beside': {},
      'node_modules/here/node_modules/below': { optionalDependencies: { beside: '1', gone: '1' } },
    },
  };
  t.deepEqual(withoutUnlocked(lock), {
    name: 'x',
    packages: {
      '': { optionalDependencies: { here: '1' } },
      'node_modules/here': { version: '1', optionalDependencies: { here: '1', beside: '1', below: '1' } },
      'node_modules/beside': {},
      'node_modules/here/node_modules/below': { optionalDependencies: { beside: '1' } },
    },
  });
});
