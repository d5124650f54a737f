import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import type { Disk } from '../../ports/database.ts';
import type { AppliedPoint } from '../../ports/image-store.ts';
import type { Configuration } from '../../ports/log-store.ts';
import { createStateMachine } from '../../state/state-machine.ts';
import { openImage } from '../../storage/image/image-store.ts';
import { type BackupHead, damagedBackup, readBackup } from './backup-file.ts';
import { foundStore } from './found-store.ts';

export interface RestoreOptions {
  /** Of an empty folder; not closed here. */
  readonly disk: Disk;
  readonly folder: string;
  /** The name of the new cluster; with or without the suffix of the restore. */
  readonly cluster: string;
  readonly nodeId: NodeId;
  /** Random, of the new store. */
  readonly newStoreId: string;
  /** Who votes in the new cluster. */
  readonly configuration: Configuration;
  readonly limits: RequestLimits;
  /** Lets other inputs be handled. */
  readonly yieldTurn: () => Promise<void>;
  readonly progress?: (bytes: number) => void;
}

export interface Restored {
  readonly head: BackupHead;
  readonly clusterId: string;
  readonly applied: AppliedPoint;
}

/**
 * Makes an empty data folder that of a member of a new cluster, whose state is the backup's with revisions moved on and all sessions
 * ended (promise 8). A function of the backup, the cluster's name and its members alone: members restored from the same backup agree, and
 * theirs is another cluster than the one that was backed up. Errors: `data-damaged`, `data-format-newer`, `data-of-another-cluster`; what is
 * in the folder is then of no use.
 */
export async function restoreBackup(
  bytes: AsyncIterable<Uint8Array>,
  options: RestoreOptions,
): Promise<Restored> {
  const { disk, folder, cluster, nodeId, newStoreId } = options;
  const parts = readBackup(counted(bytes, options.progress));
  const first = await parts.next();
  if (first.done === true || first.value.kind !== 'head') throw damagedBackup(0, 'it has no head');
  const { head } = first.value;
  const clusterId = idOfRestored(cluster, head);
  const image = await openImage(disk, { clusterId, folder });
  try {
    await image.load();
    const receiver = await image.receive();
    let frames = 0;
    for await (const part of parts) {
      if (part.kind !== 'frame') continue;
      frames++;
      await receiver.write(part.frame);
    }
    if (frames === 0) throw damagedBackup(0, 'it holds nothing');
    await receiver.commit();
    const loaded = await image.load();
    if (loaded === null) throw damagedBackup(0, 'it holds no state');
    const state = createStateMachine({ limits: options.limits, configuration: options.configuration });
    await state.restore(loaded, options.yieldTurn);
    state.refound({ configuration: options.configuration, members: 'forget', leases: 'kept' });
    const applied = await foundStore(state, image, { disk, folder, clusterId, nodeId, newStoreId });
    return { head, clusterId, applied };
  } finally {
    await image.close();
  }
}

/** `name+restoreId`: nodes of the cluster that was backed up, and of other restores, are refused. */
function idOfRestored(cluster: string, head: BackupHead): string {
  const [name, suffix] = cluster.split('+');
  if (suffix !== undefined && suffix !== head.restoreId) {
    throw new TanistError(
      'data-of-another-cluster',
      `the config names cluster "${cluster}", but what is restored from this backup is "${name}+${head.restoreId}": name that, or "${name}"`,
    );
  }
  return `${name}+${head.restoreId}`;
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  progress: ((bytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    count += chunk.length;
    progress?.(count);
    yield chunk;
  }
}
