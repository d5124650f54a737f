import test from 'ava';
import { modelsText } from '../../src/cli/commands/cluster/members-view.ts';
import { styleFor } from '../../src/cli/terminal/style.ts';
import type { MemberStatus } from '../../src/protocol/status/status.ts';

const style = styleFor({ isTTY: false });
const member = (id: string, models: string): MemberStatus => ({ member: { id }, models }) as MemberStatus;

test('one sees that all members predict with the same model, and where they do not', (t) => {
  t.is(modelsText([member('a', ''), member('b', '')], style), null);
  t.is(modelsText([member('a', 'm:1'), member('b', ''), member('c', 'm:1')], style), 'models: m:1 on a, c');
  t.is(
    modelsText([member('a', 'm:1'), member('b', 'm:2'), member('c', 'm:1')], style),
    'models differ: m:1 on a, c; m:2 on b',
  );
});
