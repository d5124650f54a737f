import { bySpace, type Space } from '../../ports/delta.ts';
import type { StateBounds } from '../checks/bounds.ts';
import type { DeltaJournal } from '../delta-journal.ts';
import { Leases } from '../leases.ts';
import { SpaceStore } from '../mvcc/space-store.ts';
import { Predictions } from '../predicted/predictions.ts';
import { Sessions } from '../sessions/sessions.ts';

/** The keys of all spaces. */
export type Stores = Record<Space, SpaceStore>;

export function emptyStores(journal: DeltaJournal): Stores {
  return bySpace((space) => new SpaceStore(space, journal));
}

export function emptyLeases(bounds: StateBounds, keysPerSlice: number): Leases {
  const { leaseMinTtlMs: minTtlMs, leaseMaxTtlMs: maxTtlMs, leases: count, keysPerCommand } = bounds;
  return new Leases({
    minTtlMs,
    maxTtlMs,
    count,
    keysPerLease: keysPerCommand,
    keysPerSlice,
  });
}

export function emptySessions(bounds: StateBounds): Sessions {
  return new Sessions({
    minTtlMs: bounds.sessionMinTtlMs,
    maxTtlMs: bounds.sessionMaxTtlMs,
    count: bounds.sessions,
    results: bounds.sessionResults,
    resultBytes: bounds.sessionResultBytes,
    keptBytes: bounds.sessionKeptBytes,
    allKeptBytes: bounds.sessionsKeptBytes,
  });
}

/** Of these stores, whose changes it hears. */
export function emptyPredictions(stores: Stores, bounds: StateBounds, keysPerSlice: number): Predictions {
  const { predictions: count, predictionsBytes: bytes } = bounds;
  return new Predictions(stores, { count, bytes, keysPerSlice });
}
