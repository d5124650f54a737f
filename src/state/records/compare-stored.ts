import type { StateDelta } from '../../ports/delta.ts';
import { formatDigest } from '../mvcc/element-hash.ts';
import { KeyTable } from '../mvcc/key-table.ts';
import type { SpaceStore } from '../mvcc/space-store.ts';

export interface VerifiedStore {
  readonly isWhole: () => boolean;
  /** Another one after the state was replaced. */
  readonly current: () => SpaceStore;
}

/**
 * What a stored delta says of its key against what memory has; null: no contradiction. Also a value that changed in memory, or a change that
 * it missed, shows.
 */
export function contradictionOf(store: SpaceStore, delta: StateDelta): string | null {
  const { space, key, op, revision } = delta;
  const current = store.get(key);
  if (current === null || current.modRevision > revision) return null;
  if (current.modRevision < revision) return `memory lacks revision ${revision} of ${space}`;
  if (op === 'delete') return null;
  const same =
    current.value === delta.value &&
    current.lease === delta.lease &&
    current.version === delta.version &&
    current.createRevision === delta.createRevision;
  return same ? null : `revision ${revision} of ${space} differs between memory and disk`;
}

/** Whether the incremental digest is that of the content: a scrub. Takes long with many keys, so it yields now and then. */
export async function verifyDigest(
  { isWhole, current }: VerifiedStore,
  yieldTurn: () => Promise<void>,
): Promise<boolean> {
  for (;;) {
    while (!isWhole()) await yieldTurn();
    const store = current();
    const { revision, digest } = store;
    let a = 0;
    let b = 0;
    for (let shard = 0; shard < KeyTable.shardCount; shard++) {
      const sums = store.shardSums(shard);
      a = (a + sums.a) | 0;
      b = (b + sums.b) | 0;
      if (shard % 8 === 7) await yieldTurn();
    }
    if (isWhole() && store === current() && store.revision === revision) return formatDigest(a, b) === digest;
  }
}
