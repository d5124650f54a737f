import { present } from '../../foundation/assert.ts';
import type { ByteString } from '../../foundation/bytes.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';
import { fetchLimit, finishRange, upperBound } from './range.ts';
import type { SpaceStore } from './space-store.ts';
import { versionAt } from './versions.ts';

/** A read of an older revision: which keys it shows is known, some of their values have to be read from history. */
export interface RangePlan {
  readonly kind: 'needsHistory';
  readonly space: Space;
  readonly request: RangeRequest;
  /** The space's revision when the plan was made: what the answer says. */
  readonly revision: Revision;
  /** In key order; null where `wanted`, in order, has the next one. */
  readonly values: readonly (KeyValue | null)[];
  readonly wanted: readonly { readonly key: ByteString; readonly revision: Revision }[];
  readonly count: number;
}

/** `request.revision` must be readable. Answers at once when memory has all that is shown. */
export function rangeOlder(store: SpaceStore, request: RangeRequest): RangeResult | RangePlan {
  const { key, rangeEnd } = request;
  const keys = rangeEnd === '' ? [key] : store.keysOfAnyRevision(key, upperBound(rangeEnd), 0);
  const limit = fetchLimit(request);
  const values: (KeyValue | null)[] = [];
  const wanted: { key: ByteString; revision: Revision }[] = [];
  let count = 0;
  for (const each of keys) {
    const entry = store.entry(each);
    const at = entry === undefined ? 0 : versionAt(entry, request.revision);
    if (entry === undefined || at === 0) continue;
    count++;
    if (request.countOnly || (limit !== 0 && values.length >= limit)) continue;
    if (entry.current !== null && entry.current.modRevision === at) values.push(entry.current);
    else {
      values.push(null);
      wanted.push({ key: entry.key, revision: at as Revision });
    }
  }
  if (wanted.length === 0) return finishRange(request, values as KeyValue[], count, store.revision);
  return {
    kind: 'needsHistory',
    space: store.space,
    request,
    revision: store.revision,
    values,
    wanted,
    count,
  };
}

/** Reads what the plan wants. Fails with `revision-compacted` when a compaction has overtaken it. */
export async function completeRange(
  plan: RangePlan,
  history: HistoryStore,
): Promise<RangeResult | FailedResult> {
  const found = await history.find(plan.space, plan.wanted);
  const values: KeyValue[] = [];
  let next = 0;
  for (const value of plan.values) {
    if (value !== null) values.push(value);
    else {
      const delta = found[next++];
      if (delta === undefined)
        return failed(
          'revision-compacted',
          `revision ${plan.request.revision} was compacted during the read`,
        );
      values.push(keyValueOf(delta));
    }
  }
  return finishRange(plan.request, values, plan.count, plan.revision);
}

export function keyValueOf(delta: StateDelta): KeyValue {
  present(delta.version > 0 ? delta : null, 'a version that a reader sees is a put');
  return {
    key: delta.key,
    value: delta.value,
    createRevision: delta.createRevision,
    modRevision: delta.revision,
    version: delta.version,
    lease: delta.lease,
  };
}
