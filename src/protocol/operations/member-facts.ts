import { assert } from '../../foundation/assert.ts';
import { nodeId } from '../../foundation/ids.ts';
import { isRecord } from '../../foundation/is-record.ts';
import type { MemberFacts } from '../../ports/membership.ts';

/** Of parsed JSON. Fields that another version left out are empty. */
export function factsOf(value: unknown): MemberFacts {
  assert(isRecord(value) && typeof value.id === 'string', 'facts of a member name it');
  const text = (field: unknown): string => (typeof field === 'string' ? field : '');
  const labels = isRecord(value.labels) ? value.labels : {};
  return {
    id: nodeId(value.id),
    name: text(value.name),
    peer: text(value.peer),
    client: text(value.client),
    http: text(value.http),
    tier: text(value.tier),
    labels: Object.fromEntries(Object.entries(labels).map(([key, label]) => [key, text(label)])),
    ...(value.wanted === 'hot' ? { wanted: 'hot' } : {}),
    ...(typeof value.replaces === 'string' ? { replaces: nodeId(value.replaces) } : {}),
  };
}
