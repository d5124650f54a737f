import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import { beginLog } from '../../node/backup/found-store.ts';
import type { AppliedPoint, HeldValue } from '../../ports/image-store.ts';
import type { Fork } from '../../ports/lineage.ts';
import type { MemberFolder } from '../../ports/member-folder.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import { openImage } from '../../storage/image/image-store.ts';
import { openLog } from '../../storage/log/open-log.ts';
import type { ForkEntry, ForkHead } from '../fork/fork-entry.ts';
import { forkFileName, writeFork } from '../fork/fork-file.ts';
import type { IncomingImage } from './image-source.ts';
import { writeRole } from './role.ts';

/**
 * How a member becomes another kind of replica. The argument for crashes, at any point: `role.json` is replaced atomically and durably, and is the one
 * thing that says what the folder is. Before it is written the folder is what it was, and all that was made for the new role is made anew by the next
 * attempt (each begins by removing it); after it the new role's databases are whole and durable, and what is left of the old role is of no account and
 * removed when convenient. So every transition is: make what is new beside what is there; write the role; remove what is old.
 */

export interface Place {
  readonly folder: MemberFolder;
  /** For messages. */
  readonly path: string;
  readonly self: NodeId;
}

/**
 * Warm or cold → hot: the databases of a hot node that has applied what the source had; its log goes on from there. Runs beside the replica, which
 * serves until the role is written. `heldValue`: what the source may have left out. `newStoreId`: random; peers that knew an earlier store of this member doubt it until it is caught up (promise 6).
 */
export async function prefetch(
  { folder, path, self }: Place,
  incoming: IncomingImage,
  newStoreId: string,
  heldValue?: HeldValue,
): Promise<AppliedPoint> {
  const { disk } = folder;
  await discardHot(folder);
  const { clusterId } = incoming.lineage;
  const image = await openImage(disk, { clusterId, folder: path });
  let applied: AppliedPoint;
  try {
    await image.load();
    const receiver = await image.receive(heldValue);
    for await (const chunk of incoming.chunks) await receiver.write(chunk);
    applied = await receiver.commit();
  } finally {
    await image.close();
  }
  await beginLog(applied.point, { disk, folder: path, clusterId, nodeId: self, newStoreId });
  return applied;
}

/**
 * For one that is hot by the facts and has lost its disk: a store that doubts itself until a leader has brought it up to date (promise 6). It neither
 * votes nor campaigns before: its config may still name the voters that the cluster began with, itself alone perhaps.
 */
export async function beginEmpty(
  { folder, path, self }: Place,
  { clusterId }: Lineage,
  newStoreId: string,
): Promise<void> {
  const { disk } = folder;
  await discardHot(folder);
  await (await openImage(disk, { clusterId, folder: path })).close();
  const doubt = mutant.active === 'demoted-begins-hot' ? {} : { doubt: 'its disk was found empty' };
  const store = { clusterId, nodeId: self, newStoreId, incarnation: 'founded', folder: path };
  await (await openLog(disk, { ...store, ...doubt })).close();
}

/** What was prefetched is whole: from now on it is what the folder is. */
export function becomeHot(folder: MemberFolder, lineage: Lineage): Promise<void> {
  return writeRole(folder, { tier: 'hot', lineage });
}

/** Hot → warm or cold, or between these. The databases of before stay until the replica is whole in its new role. */
export function becomeBeyond(
  folder: MemberFolder,
  tier: Exclude<Tier, 'hot'>,
  lineage: Lineage | null,
): Promise<void> {
  return writeRole(folder, { tier, lineage });
}

/** What is left of a hot node. Only while the role is another, and nothing of it is open. */
export async function discardHot({ disk }: MemberFolder): Promise<void> {
  await disk.remove('log');
  await disk.remove('state');
}

/**
 * A member of an older lineage learns of the fork: what it had beyond is on the disk, whole, before it gives up its role. It is stopped, or takes
 * nothing more. Resolves to the name of the file.
 */
export async function fence(
  folder: MemberFolder,
  tier: Exclude<Tier, 'hot'>,
  fork: Fork,
  beyond: { readonly head: ForkHead; readonly entries: AsyncIterable<readonly ForkEntry[]> },
): Promise<string> {
  const name = forkFileName(fork.to.epoch);
  if (mutant.active !== 'fork-not-saved') await folder.saveFile(name, writeFork(beyond.head, beyond.entries));
  await becomeBeyond(folder, tier, fork.to);
  return name;
}
