import { assert } from '../../foundation/assert.ts';
import { nodeId } from '../../foundation/ids.ts';
import { isRecord } from '../../foundation/is-record.ts';
import type { MemberChange } from '../../ports/membership.ts';
import { factsOf } from '../../protocol/operations/member-facts.ts';

/** What a `configuration` entry says of members beside who votes; null: nothing. The counterpart of `encodeConfiguration`'s second argument. */
export function decodeMemberChange(payload: Uint8Array): MemberChange | null {
  const { change } = JSON.parse(Buffer.from(payload).toString('utf8')) as { readonly change?: unknown };
  if (change === undefined) return null;
  assert(isRecord(change) && Array.isArray(change.set) && Array.isArray(change.removed), 'a member change');
  return {
    set: change.set.map(factsOf),
    removed: change.removed.map((id: unknown) => nodeId(String(id))),
  };
}
