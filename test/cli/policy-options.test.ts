import test from 'ava';
import { nestingOf, policyOf, policyText } from '../../src/cli/commands/state/policy-options.ts';
import type { Policy } from '../../src/ports/command.ts';

const critical: Policy = { acknowledge: 'leader', tier: 'critical', predict: null };

test('what is not named is as it was; where nothing was, as by default', (t) => {
  t.deepEqual(policyOf({}), { acknowledge: 'quorum', tier: 'full', predict: null });
  t.deepEqual(policyOf({}, critical), critical);
  const predicted = policyOf({ predict: '/cpu' }, critical);
  t.like(predicted, { acknowledge: 'leader', tier: 'critical' });
  t.deepEqual(predicted.predict?.fields, ['/cpu']);
  const longer = policyOf({ predictHorizon: 30 }, predicted);
  t.deepEqual(longer.predict, { ...predicted.predict, horizon: 30 });
  t.deepEqual(policyOf({ predict: 'none', ack: 'quorum' }, longer), {
    acknowledge: 'quorum',
    tier: 'critical',
    predict: null,
  });
});

test('what cannot be is said with what can', (t) => {
  t.throws(() => policyOf({ ack: 'all' }), { message: '--ack: must be quorum or leader, not "all"' });
  t.throws(() => policyOf({ tier: 'lukewarm' }), { message: /^--tier: must be .*, not "lukewarm"$/ });
  t.throws(() => policyOf({ predictHorizon: 3 }), { message: /--predict-horizon: give --predict/ });
  t.throws(() => policyOf({ predict: 'cpu' }), { message: /--predict: must be value, or JSON pointers/ });
});

test('a policy in a few words', (t) => {
  t.is(policyText(critical), 'acknowledged by leader, tier critical');
  t.regex(policyText(policyOf({ predict: 'value' })), /tier full, predicted: value, \d+ steps/);
});

test('of nested prefixes it is said which one counts', (t) => {
  t.is(nestingOf('a/', ['a/', 'b/']), null);
  t.regex(
    nestingOf('a/b/', ['a/', 'a', 'c']) ?? '',
    /inside the policy of "a\/", which counts for these keys no more/,
  );
  t.regex(nestingOf('a', ['a/x', 'a/y', 'b']) ?? '', /"a\/x", "a\/y" go on with policies of their own/);
});
