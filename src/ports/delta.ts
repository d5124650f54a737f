import type { ByteString } from '../foundation/bytes.ts';
import type { ClusterTimeMs, LeaseId, Revision } from '../foundation/ids.ts';

/**
 * The key spaces of the state, each with its own revisions and digest: `user` is what etcd clients see, `planes` holds typed keys
 * of the planes, `system` policy and facts of the cluster, `predicted` what models expect.
 */
export const spaces = ['user', 'planes', 'system', 'predicted'] as const;
export type Space = (typeof spaces)[number];

/** A key at one revision. Immutable: an overwrite makes a new one. */
export interface KeyValue {
  readonly key: ByteString;
  readonly value: ByteString;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** 1 at creation, + 1 a put. */
  readonly version: number;
  readonly lease: LeaseId;
}

/**
 * One committed change to one key. A transaction is several deltas with one revision, told apart by `sub` (from 0). For a `delete`
 * the value is empty, version 0, createRevision 0.
 */
export interface StateDelta {
  readonly epoch: number;
  readonly revision: Revision;
  readonly sub: number;
  readonly timeMs: ClusterTimeMs;
  readonly space: Space;
  readonly op: 'put' | 'delete';
  readonly key: ByteString;
  readonly value: ByteString;
  readonly lease: LeaseId;
  readonly createRevision: Revision;
  readonly version: number;
  /** The key just before; known where the delta comes from apply, absent where it was read from history. */
  readonly previous?: KeyValue | null;
}

/** One for each space. */
export function bySpace<T>(make: (space: Space) => T): Record<Space, T> {
  return {
    user: make('user'),
    planes: make('planes'),
    system: make('system'),
    predicted: make('predicted'),
  };
}
