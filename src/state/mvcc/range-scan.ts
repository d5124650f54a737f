import type { ByteString } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { HistoryStore } from '../../ports/image-store.ts';
import type { FailedResult, RangeResult } from '../../ports/result.ts';
import { failed } from '../failed.ts';
import type { Slices } from '../slices.ts';
import { KeptValues } from './kept-values.ts';
import { keyValueOf } from './older-range.ts';
import { fetchLimit, rangeLatest, rangeValues, upperBound } from './range.ts';
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
    if (kept.holdsMoreThan(port.mostBytes))
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
