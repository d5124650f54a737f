import { revision } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { AppliedPoint, ImageStore, SnapshotPart } from '../../ports/image-store.ts';
import type { StoreIdentity } from '../../ports/log-store.ts';
import { subtractDigest } from '../../state/mvcc/element-hash.ts';
import { writeBackup } from './backup-file.ts';

export interface BackupSource {
  readonly identity: StoreIdentity;
  readonly image: ImageStore;
  readonly random: Random;
  /** Brings all that was applied into the image. */
  readonly settle: () => Promise<void>;
}

/**
 * A consistent copy of the state as this node has applied it: the spaces `user`, `planes` and `system` with policies, leases with their
 * remaining time, revisions, compaction. Neither the predicted space (promise 5) nor sessions, which end with their cluster. The image is read
 * through an iterator of the database, so that writes go on beside it.
 */
export async function* backupOf({
  identity,
  image,
  random,
  settle,
}: BackupSource): AsyncGenerator<Uint8Array> {
  await settle();
  const snapshot = await image.snapshot(kept);
  try {
    const { applied, chunks } = snapshot;
    yield* writeBackup(
      {
        clusterId: identity.clusterId,
        nodeId: identity.nodeId,
        restoreId: random
          .below(2 ** 32)
          .toString(16)
          .padStart(8, '0'),
        index: applied.point.index,
        term: applied.point.term,
        timeMs: applied.timeMs,
        revision: applied.revisions.user.revision,
      },
      chunks,
    );
  } finally {
    await snapshot.close();
  }
}

const kept: SnapshotPart = {
  spaces: ['user', 'planes', 'system'],
  record: (key) => !key.startsWith('session/'),
  applied: withoutRest,
};

const emptyDigest = '0000000000000000';

function withoutRest(applied: AppliedPoint): AppliedPoint {
  const { revisions, digests, sessions = emptyDigest } = applied;
  return {
    ...applied,
    revisions: { ...revisions, predicted: { revision: revision(1), compacted: revision(0) } },
    digests: {
      ...digests,
      system: subtractDigest(digests.system, sessions),
      predicted: emptyDigest,
    },
    sessions: emptyDigest,
  };
}
