import test from 'ava';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { PredictPolicy } from '../../src/ports/command.ts';
import { defaultPredictPolicy } from '../../src/ports/prediction.ts';
import { validateCommand } from '../../src/state/checks/validate.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { b, Log, range } from './commands.ts';

test('the longest prefix wins as a whole; without one the default promises the most', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const of = (key: string): string => log.state.policyFor(b(key)).acknowledge;
  t.is(of('a/b'), 'quorum');
  log.apply(
    { kind: 'setPolicy', prefix: b('a/'), policy: { acknowledge: 'leader', tier: 'full', predict: null } },
    { kind: 'setPolicy', prefix: b('a/b/'), policy: { acknowledge: 'quorum', tier: 'full', predict: null } },
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
  log.one({
    kind: 'setPolicy',
    prefix: b(''),
    policy: { acknowledge: 'leader', tier: 'full', predict: null },
  });
  t.is(of('anything'), 'leader');
});

test('policies are keys of the system space and of no other', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const before = log.state.digest('system');
  log.one({
    kind: 'setPolicy',
    prefix: b('a/'),
    policy: { acknowledge: 'leader', tier: 'full', predict: null },
  });
  t.not(log.state.digest('system'), before);
  t.is(log.state.keyCount('user'), 0);
  t.like(log.state.takeDeltas(), [{ space: 'system', key: b('policy/a/') }]);
});

test('what is predicted is kept in the order of its fields; a policy without it has the bytes that it had', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const text = (prefix: string): string | undefined => {
    const found = log.state.range(range(`policy/${prefix}`, '', { space: 'system' }));
    return found.kind === 'range' ? found.values[0]?.value : undefined;
  };
  const set = (prefix: string, predict: PredictPolicy | null): void => {
    log.one({
      kind: 'setPolicy',
      prefix: b(prefix),
      policy: { acknowledge: 'quorum', tier: 'full', predict },
    });
  };
  set('a/', null);
  t.is(text('a/'), '{"acknowledge":"quorum"}');
  const predict = { weight: 2, minConfidence: 0.25, horizon: 3, stepMs: 1000, fields: ['/cpu', '/a~1b'] };
  set('b/', predict);
  t.is(
    text('b/'),
    '{"acknowledge":"quorum","predict":{"fields":["/cpu","/a~1b"],"stepMs":1000,"horizon":3,"minConfidence":0.25,"weight":2}}',
  );
  t.deepEqual(log.state.policyFor(b('b/1')).predict, predict);
  t.is(log.state.policyFor(b('a/1')).predict, null);
});

test('a policy that cannot be predicted by is refused before it enters the log', (t) => {
  const refusal = (change: Partial<PredictPolicy>): string | undefined =>
    validateCommand(
      {
        kind: 'setPolicy',
        prefix: b('a/'),
        policy: { acknowledge: 'quorum', tier: 'full', predict: { ...defaultPredictPolicy, ...change } },
      },
      limits,
    )?.code;
  t.is(refusal({}), undefined);
  t.is(refusal({ fields: ['/', '/a//b', '/~0~1', '/é'] }), undefined);
  for (const fields of [[''], ['a'], ['/~'], ['/~2'], ['/a', '/a'], [`/${'x'.repeat(256)}`]])
    t.is(refusal({ fields }), 'invalid-argument', fields[0]);
  t.is(refusal({ fields: Array.from({ length: 17 }, (_, i) => `/${i}`) }), 'invalid-argument');
  for (const stepMs of [-1, 0.5, Number.NaN, 86_400_001]) t.is(refusal({ stepMs }), 'invalid-argument');
  for (const horizon of [0, 65, 1.5, Number.NaN]) t.is(refusal({ horizon }), 'invalid-argument');
  for (const minConfidence of [-0.1, 1.1, Number.NaN]) t.is(refusal({ minConfidence }), 'invalid-argument');
  for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    t.is(refusal({ weight }), 'invalid-argument');
});
