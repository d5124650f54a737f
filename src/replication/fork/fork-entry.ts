import type { ByteString } from '../../foundation/bytes.ts';
import { revision } from '../../foundation/ids.ts';
import { bySpace, type KeyValue, type Space, type StateDelta } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { KeyRange, Revisions } from '../../ports/replication.ts';

/**
 * One thing that a member had and the new lineage has not. `beyond`: a change after the fork. `not-held`: a value from before it, of a range that the
 * promoted replica did not hold. `unchanged`: it has this key as the promoted replica held it, and the value is left out; told of where changes beyond the fork
 * were compacted, since a key of the new lineage that the file does not name at all was deleted there.
 */
export interface ForkEntry {
  readonly why: 'beyond' | 'not-held' | 'unchanged';
  /** False: in the log of a hot member, which may or may not have been committed and acknowledged. */
  readonly committed: boolean;
  readonly space: Space;
  readonly op: StateDelta['op'];
  readonly key: ByteString;
  /** Empty for a deletion, and for what is unchanged. */
  readonly value: ByteString;
  readonly revision: number;
  readonly sub: number;
  readonly createRevision: number;
  readonly version: number;
  /** Decimal; 0: none. */
  readonly lease: string;
  /** Cluster time of the change; for a value without its change that of the last mark. */
  readonly timeMs: number;
}

export interface ForkHead {
  readonly fork: Fork;
  readonly member: string;
  readonly tier: string;
  /** How far this member had come. */
  readonly revisions: Revisions;
  /** All changes from these revisions on are in the file; of those between the fork and them only what was still the latest. */
  readonly completeFrom: Revisions;
  /** Why the file has no entries: what the member had is damaged. */
  readonly damage?: string;
}

export interface ForkSummary {
  readonly beyond: number;
  readonly uncommitted: number;
  readonly notHeld: number;
  readonly unchanged: number;
}

/** From where on a member that has forgotten what was changed up to `compacted` knows every change beyond the fork. */
export function completeFrom(fork: Fork, compacted: Readonly<Record<Space, number>>): Revisions {
  return bySpace((space) => revision(Math.max(fork.revisions[space], compacted[space]) + 1));
}

/** Whether changes beyond the fork are missing, so that keys have to be told of that were not changed. */
export function lacksChanges(
  { fork, completeFrom: from }: Pick<ForkHead, 'fork' | 'completeFrom'>,
  space: Space,
): boolean {
  return from[space] > fork.revisions[space] + 1;
}

/** Of a value without its change. */
export function entryOfValue(
  { key, value, modRevision, createRevision, version, lease }: KeyValue,
  why: ForkEntry['why'],
  space: Space,
  timeMs: number,
): ForkEntry {
  return {
    why,
    committed: true,
    space,
    op: 'put',
    key,
    value: why === 'unchanged' ? ('' as ByteString) : value,
    revision: modRevision,
    sub: 0,
    createRevision,
    version,
    lease: String(lease),
    timeMs,
  };
}

/** Of a change. */
export function entryOf(
  { space, op, key, value, revision, sub, createRevision, version, lease, timeMs }: StateDelta,
  why: ForkEntry['why'],
  committed: boolean,
): ForkEntry {
  const change = { space, op, key, value, revision, sub, createRevision, version, timeMs };
  return { why, committed, ...change, lease: String(lease) };
}

/** Etcd's rules, as `KeyRange` says. */
export function isIn(ranges: readonly KeyRange[], space: Space, key: ByteString): boolean {
  return ranges.some((range) => {
    if (range.space !== space || key < range.key) return false;
    if (range.rangeEnd === '') return key === range.key;
    return range.rangeEnd === '\0' || key < range.rangeEnd;
  });
}
