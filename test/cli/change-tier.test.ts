import test from 'ava';
import type { CallContext } from '../../src/cli/command.ts';
import { prefixText } from '../../src/cli/commands/state/policy-options.ts';
import { promoteAndWait } from '../../src/cli/promotion/change-tier.ts';
import { type ErrorCode, TanistError } from '../../src/foundation/errors.ts';

const failing = (code: ErrorCode): CallContext =>
  ({
    client: { changeMember: () => Promise.reject(new TanistError(code, 'refused')) },
    call: { deadlineMs: 1 },
  }) as unknown as CallContext;

test('a promotion that finds no leader says what there is when no quorum is left, and another failure does not', async (t) => {
  for (const code of ['not-leader', 'no-leader', 'deadline-exceeded'] as const)
    await t.throwsAsync(promoteAndWait('n3', 1, failing(code)), {
      code,
      message: /^refused; .*tanist promote n3 --force/,
    } as never);
  await t.throwsAsync(promoteAndWait('n3', 1, failing('unknown-member')), { message: 'refused' });
});

test('the policy of all keys has a name', (t) => {
  t.is(prefixText(''), '"" (all keys)');
  t.is(prefixText('a/'), 'a/');
});
