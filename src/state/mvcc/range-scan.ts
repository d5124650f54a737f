import type { ByteString } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';
import type { Slices } from '../slices.ts';
import { keyValueOf } from './older-range.ts';
import {
  comparatorOf,
  fetchLimit,
  hasFilter,
  passes,
  rangeLatest,
  rangeValues,
  upperBound,
  withoutValue,
} from './range.ts';
import type { SpaceStore } from './space-store.ts';
import { versionAt } from './versions.ts';

export interface ScanPort {
  /** Includes what is not stored yet. */
  readonly history: HistoryStore;
  /** Resolves when it is this reader's turn again. */
  readonly nextTurn: () => Promise<void>;
  /** Of an answer; beyond it the scan fails as `range-too-large`. */
  readonly mostBytes: number;
}

/** Looked at in one turn: about a millisecond. */
export const keysPerTurn = 2048;

/** What `KeyValue`s take beside keys and values, about. */
const overheadBytes = 48;

/** Whether a read has to look at so many keys that it is to be done in pieces. */
export function isLarge(store: SpaceStore, request: RangeRequest): boolean {
  const { key, rangeEnd } = request;
  if (rangeEnd === '') return false;
  const to = upperBound(rangeEnd);
  if (request.revision !== 0 && request.revision !== store.revision)
    return store.countOfAnyRevision(key, to) > keysPerTurn;
  const limit = fetchLimit(request);
  if (request.countOnly || (limit !== 0 && limit <= keysPerTurn)) return false;
  return store.count(key, to) > keysPerTurn;
}

/**
 * The same answer as of a read at once, all of it as of one revision, worked out in pieces over several turns while the state moves on. The
 * revision must be readable. Null: a compaction overtook the scan; begin again. Fails with `range-too-large`.
 */
export async function scanRange(
  store: SpaceStore,
  request: RangeRequest,
  port: ScanPort,
): Promise<RangeResult | FailedResult | null> {
  const present = store.revision;
  const at = request.revision === 0 ? present : request.revision;
  const to = upperBound(request.rangeEnd);
  const total = at === present ? store.count(request.key, to) : null;
  const kept = new KeptValues(request);
  const limit = fetchLimit(request);
  let from = request.key;
  let count = 0;
  let fetched = 0;
  for (;;) {
    if (at < store.compacted) return null;
    const keys = store.keysOfAnyRevision(from, to, keysPerTurn);
    const piece = await pieceOf(store, keys, at, request.countOnly, port);
    if (piece === null) return null;
    count += piece.count;
    // Without an order only what the limit lets through is sorted and kept.
    if (limit !== 0) piece.values.length = Math.min(piece.values.length, limit - fetched);
    fetched += piece.values.length;
    kept.add(piece.values);
    if (kept.exceeds(port.mostBytes))
      return failed(
        'range-too-large',
        `the range holds more than the ${port.mostBytes} bytes that fit into an answer: read it in pieces, with a limit`,
      );
    const isEnough = total !== null && limit !== 0 && fetched >= limit;
    if (keys.length < keysPerTurn || isEnough) break;
    from = `${keys[keys.length - 1]}\0` as ByteString;
    await port.nextTurn();
  }
  const { values, more } = kept.taken();
  return { kind: 'range', revision: revision(present), values, count: total ?? count, more };
}

/** `rangeLatest` in slices, for apply: what the range holds stays as it is meanwhile. */
export function* rangeLatestInSlices(
  store: SpaceStore,
  request: RangeRequest,
  perSlice: number,
): Slices<RangeResult> {
  const { key, rangeEnd, limit, countOnly } = request;
  const to = upperBound(rangeEnd);
  const count = rangeEnd === '' ? 1 : store.count(key, to);
  const most = fetchLimit(request);
  if (countOnly || count <= perSlice || (most !== 0 && most <= perSlice)) {
    if (!countOnly) store.worked(most === 0 ? count : Math.min(most, count));
    return rangeLatest(store, request);
  }
  const kept = new KeptValues(request);
  let from = key;
  let fetched = 0;
  for (;;) {
    const left = most === 0 ? perSlice : Math.min(perSlice, most - fetched);
    const values = rangeValues(store, from, rangeEnd, left);
    fetched += values.length;
    const last = values[values.length - 1];
    if (last !== undefined) from = `${last.key}\0` as ByteString;
    const isLast = values.length < left || fetched === most;
    kept.add(values);
    store.worked(perSlice);
    yield;
    if (isLast) break;
  }
  const { values, more } = kept.taken();
  return { kind: 'range', revision: store.readRevision, values, count, more: limit > 0 && more };
}

/** The values of these keys at a revision, as far as they were there; null when history no longer has one. */
async function pieceOf(
  store: SpaceStore,
  keys: readonly ByteString[],
  at: number,
  countOnly: boolean,
  { history }: ScanPort,
): Promise<{ readonly values: KeyValue[]; readonly count: number } | null> {
  const values: (KeyValue | null)[] = [];
  const wanted: { key: ByteString; revision: ReturnType<typeof revision> }[] = [];
  let count = 0;
  for (const key of keys) {
    const entry = store.entry(key);
    const version = entry === undefined ? 0 : versionAt(entry, at);
    if (entry === undefined || version === 0) continue;
    count++;
    if (countOnly) continue;
    const isCurrent = entry.current !== null && entry.current.modRevision === version;
    values.push(isCurrent ? entry.current : null);
    if (!isCurrent) wanted.push({ key: entry.key, revision: revision(version) });
  }
  if (wanted.length === 0) return { values: values as KeyValue[], count };
  const found = await history.find(store.space, wanted);
  let next = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== null) continue;
    const delta = found[next++];
    if (delta === undefined) return null;
    values[i] = keyValueOf(delta);
  }
  return { values: values as KeyValue[], count };
}

/** Of the values so far those that the answer may hold, filtered and in its order. */
class KeptValues {
  readonly #request: RangeRequest;
  readonly #compare: ((left: KeyValue, right: KeyValue) => number) | null;
  readonly #most: number;
  #values: KeyValue[] = [];
  #bytes = 0;

  constructor(request: RangeRequest) {
    this.#request = request;
    this.#compare = request.target === 'key' ? null : comparatorOf(request);
    // One more than asked for: whether there is more.
    this.#most = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit + 1;
  }

  /** Of what was added some may not have been kept: counted anew before it is said. */
  exceeds(bytes: number): boolean {
    if (this.#bytes <= bytes) return false;
    this.#bytes = 0;
    for (const value of this.#values) this.#count(value);
    return this.#bytes > bytes;
  }

  #count({ key, value }: KeyValue): void {
    this.#bytes += key.length + (this.#request.keysOnly ? 0 : value.length) + overheadBytes;
  }

  /** The values of the next keys. */
  add(piece: KeyValue[]): void {
    const request = this.#request;
    const fit = hasFilter(request) ? piece.filter((value) => passes(request, value)) : piece;
    for (const value of fit) this.#count(value);
    if (this.#compare !== null) this.#values = merged(this.#values, fit.sort(this.#compare), this.#compare);
    else if (request.order === 'descend') this.#values = fit.reverse().concat(this.#values);
    else if (this.#values.length < this.#most) for (const value of fit) this.#values.push(value);
    if (this.#values.length > this.#most) this.#values.length = this.#most;
  }

  taken(): { readonly values: readonly KeyValue[]; readonly more: boolean } {
    const { limit, keysOnly } = this.#request;
    const more = limit > 0 && this.#values.length > limit;
    if (more) this.#values.length = limit;
    return { values: keysOnly ? this.#values.map(withoutValue) : this.#values, more };
  }
}

/** Two sorted lists as one; of equals the left ones come first. */
function merged(
  left: readonly KeyValue[],
  right: readonly KeyValue[],
  compare: (left: KeyValue, right: KeyValue) => number,
): KeyValue[] {
  const all: KeyValue[] = [];
  let i = 0;
  for (const value of right) {
    for (let next = left[i]; next !== undefined && compare(next, value) <= 0; next = left[i]) {
      all.push(next);
      i++;
    }
    all.push(value);
  }
  for (; i < left.length; i++) all.push(left[i] as KeyValue);
  return all;
}
