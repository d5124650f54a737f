import test from 'ava';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { b, Log } from './commands.ts';

test('the longest prefix wins as a whole; without one the default promises the most', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const of = (key: string): string => log.state.policyFor(b(key)).acknowledge;
  t.is(of('a/b'), 'quorum');
  log.apply(
    { kind: 'setPolicy', prefix: b('a/'), policy: { acknowledge: 'leader', tier: 'full' } },
    { kind: 'setPolicy', prefix: b('a/b/'), policy: { acknowledge: 'quorum', tier: 'full' } },
  );
  t.deepEqual(['a', 'a/', 'a/b', 'a/b/', 'a/b/c', 'b'].map(of), [
    'quorum',
    'leader',
    'leader',
    'quorum',
    'quorum',
    'quorum',
  ]);
  t.is(log.state.policies().length, 2);
  log.one({ kind: 'removePolicy', prefix: b('a/b/') });
  t.is(of('a/b/c'), 'leader');
  t.like(log.one({ kind: 'removePolicy', prefix: b('a/b/') }), { code: 'policy-not-found' });
  log.one({ kind: 'setPolicy', prefix: b(''), policy: { acknowledge: 'leader', tier: 'full' } });
  t.is(of('anything'), 'leader');
});

test('policies are keys of the system space and of no other', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const before = log.state.digest('system');
  log.one({ kind: 'setPolicy', prefix: b('a/'), policy: { acknowledge: 'leader', tier: 'full' } });
  t.not(log.state.digest('system'), before);
  t.is(log.state.keyCount('user'), 0);
  t.like(log.state.takeDeltas(), [{ space: 'system', key: b('policy/a/') }]);
});
