import type { NodeId } from '../../foundation/ids.ts';
import type { Disk } from '../../ports/database.ts';
import type { AppliedPoint, ImageStore } from '../../ports/image-store.ts';
import type { LogPoint } from '../../ports/log-store.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { openLog } from '../../storage/log/open-log.ts';

export interface FoundedStore {
  /** Of an open disk on which there is no log; not closed here. */
  readonly disk: Disk;
  readonly folder: string;
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Random, of the new store. */
  readonly newStoreId: string;
}

/** Writes what the state is and the image has not yet, and an empty log that begins right after it. A node can be started on it then. */
export async function foundStore(
  state: StateMachine,
  image: ImageStore,
  store: FoundedStore,
): Promise<AppliedPoint> {
  const batch = state.takeImageBatch();
  image.append(batch);
  await image.flush({ sync: true });
  await beginLog(batch.applied.point, store);
  return batch.applied;
}

/** An empty log after `point`: nothing was voted in its term by this store. */
export async function beginLog(
  point: LogPoint,
  { disk, clusterId, nodeId, newStoreId, folder }: FoundedStore,
): Promise<void> {
  const log = await openLog(disk, { clusterId, nodeId, newStoreId, incarnation: 'founded', folder });
  try {
    await log.reset(point, { term: point.term, vote: null });
  } finally {
    await log.close();
  }
}
