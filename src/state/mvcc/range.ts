import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';
import type { SpaceStore } from './space-store.ts';

/** etcd's range ends as bounds: `'\0'` is none (null). Only for ranges: an empty `rangeEnd` is the single key. */
export function upperBound(rangeEnd: ByteString): ByteString | null {
  return rangeEnd === '\0' ? null : rangeEnd;
}

/** What the latest values are read from. */
export type LatestValues = Pick<SpaceStore, 'get' | 'count' | 'values' | 'readRevision'>;

/** Keys of a range in order, up to `limit` (0: all). */
export function rangeValues(
  store: LatestValues,
  key: ByteString,
  rangeEnd: ByteString,
  limit: number,
): KeyValue[] {
  if (rangeEnd === '') {
    const single = store.get(key);
    return single === null ? [] : [single];
  }
  return store.values(key, upperBound(rangeEnd), limit);
}

/** The check that etcd makes before it reads (`revision-future` first, then `revision-compacted`); null when readable. */
export function checkRevision(store: SpaceStore, at: Revision): FailedResult | null {
  if (at > store.revision)
    return failed('revision-future', `revision ${at} is not there yet; the latest is ${store.revision}`);
  if (at > 0 && at < store.compacted)
    return failed('revision-compacted', `revision ${at} is compacted; the oldest left is ${store.compacted}`);
  return null;
}

/** Answers from the latest values, inside a transaction including its own changes so far. */
export function rangeLatest(store: LatestValues, request: RangeRequest): RangeResult {
  const { key, rangeEnd } = request;
  const count = rangeEnd === '' ? (store.get(key) === null ? 0 : 1) : store.count(key, upperBound(rangeEnd));
  const values = request.countOnly ? [] : rangeValues(store, key, rangeEnd, fetchLimit(request));
  return finishRange(request, values, count, store.readRevision);
}

/**
 * How many keys etcd fetches before it filters and sorts: all of them, unless neither order nor filter is given. (So a `target` other
 * than the key with order `none` sorts only what the limit let through, as etcd 3.4 does.) 0: no limit.
 */
export function fetchLimit(request: RangeRequest): number {
  const all = request.limit === 0 || request.order !== 'none' || hasFilter(request);
  return all ? 0 : request.limit + 1;
}

/** Filter, sort, cut, in etcd's order. */
export function finishRange(
  request: RangeRequest,
  fetched: KeyValue[],
  count: number,
  revision: Revision,
): RangeResult {
  let values = hasFilter(request) ? fetched.filter((value) => passes(request, value)) : fetched;
  if (request.target !== 'key') values.sort(comparatorOf(request));
  else if (request.order === 'descend') values.reverse();
  const more = request.limit > 0 && values.length > request.limit;
  if (more) values.length = request.limit;
  if (request.keysOnly) values = values.map(withoutValue);
  return { kind: 'range', revision, values, count, more };
}

export function hasFilter(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0 ||
    request.maxModRevision !== 0 ||
    request.minCreateRevision !== 0 ||
    request.maxCreateRevision !== 0
  );
}

export function passes(request: RangeRequest, { modRevision, createRevision }: KeyValue): boolean {
  if (request.maxModRevision !== 0 && modRevision > request.maxModRevision) return false;
  if (request.minModRevision !== 0 && modRevision < request.minModRevision) return false;
  if (request.maxCreateRevision !== 0 && createRevision > request.maxCreateRevision) return false;
  return request.minCreateRevision === 0 || createRevision >= request.minCreateRevision;
}

const measures = {
  key: (value: KeyValue) => value.key,
  version: (value: KeyValue) => value.version,
  create: (value: KeyValue) => value.createRevision,
  mod: (value: KeyValue) => value.modRevision,
  value: (value: KeyValue) => value.value,
} as const;

/** Without an order a target sorts ascending. Ties stay in key order. */
export function comparatorOf(request: RangeRequest): (left: KeyValue, right: KeyValue) => number {
  const measure = measures[request.target];
  const sign = request.order === 'descend' ? -1 : 1;
  return (left, right) => {
    const a = measure(left);
    const b = measure(right);
    return a < b ? -sign : a > b ? sign : 0;
  };
}

export function withoutValue(value: KeyValue): KeyValue {
  return {
    key: value.key,
    value: emptyBytes,
    createRevision: value.createRevision,
    modRevision: value.modRevision,
    version: value.version,
    lease: value.lease,
  };
}
