import type { ByteString } from '../../foundation/bytes.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { KeyRange, Revisions } from '../../ports/replication.ts';

/**
 * One thing that a member had and the new lineage has not. `beyond`: a change after the fork. `not-held`: a value from before it, of a range that the
 * promoted replica did not hold.
 */
export interface ForkEntry {
  readonly why: 'beyond' | 'not-held';
  /** False: in the log of a hot member, which may or may not have been committed and acknowledged. */
  readonly committed: boolean;
  readonly space: Space;
  readonly op: StateDelta['op'];
  readonly key: ByteString;
  /** Empty for a deletion. */
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
}

export interface ForkSummary {
  readonly beyond: number;
  readonly uncommitted: number;
  readonly notHeld: number;
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

/** Of a value that is held, without its change. Null: the new lineage has it, too. */
export function entryOfValue(
  { key, value, modRevision, createRevision, version, lease }: KeyValue,
  space: Space,
  fork: Fork,
  timeMs: number,
): ForkEntry | null {
  const beyond = modRevision > fork.revisions[space];
  if (!beyond && isIn(fork.ranges, space, key)) return null;
  const change = { space, op: 'put', key, value, revision: modRevision, sub: 0 } as const;
  const why = beyond ? 'beyond' : 'not-held';
  return { why, committed: true, ...change, createRevision, version, timeMs, lease: String(lease) };
}

/** Etcd's rules, as `KeyRange` says. */
export function isIn(ranges: readonly KeyRange[], space: Space, key: ByteString): boolean {
  return ranges.some((range) => {
    if (range.space !== space || key < range.key) return false;
    if (range.rangeEnd === '') return key === range.key;
    return range.rangeEnd === '\0' || key < range.rangeEnd;
  });
}
