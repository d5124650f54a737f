import { logIndex, type NodeId } from '../foundation/ids.ts';
import type { Disk } from '../ports/database.ts';
import type { ImageStore, LoadedImage } from '../ports/image-store.ts';
import type { LogPoint, LogStore } from '../ports/log-store.ts';
import { type OpenedImage, openImage } from './image/image-store.ts';
import { openLog } from './log/open-log.ts';
import { damaged } from './record-codec.ts';

export interface OpenStoreOptions {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Random, used when the store is made now. */
  readonly newStoreId: string;
  /** Random, of this start. */
  readonly incarnation: string;
  /** The data folder's path, for messages. */
  readonly folder: string;
  readonly logMemoryBytes?: number;
  readonly chunkBytes?: number;
  /** See `OpenImageOptions`. */
  readonly nextTurn?: () => Promise<void>;
}

export interface OpenedStore {
  readonly log: LogStore;
  readonly image: ImageStore;
  /** What `image.load()` gave; its deltas are to be read to their end before the image is appended to. */
  readonly loaded: LoadedImage | null;
}

/**
 * Opens log and image and checks them against each other: only what was durable in the log is ever applied, and the log is compacted only
 * up to what the image has durably. Errors: those of `openLog` and `openImage`.
 */
export async function openStore(disk: Disk, options: OpenStoreOptions): Promise<OpenedStore> {
  const image = await openImage(disk, options);
  try {
    const loaded = await image.load();
    const applied = loaded?.applied.point.index ?? 0;
    const openedLog = (): Promise<LogStore> =>
      openLog(disk, {
        ...options,
        clusterId: image.clusterId,
        mustLoadAfter: applied,
        ...(options.logMemoryBytes === undefined ? {} : { memoryBytes: options.logMemoryBytes }),
      });
    const log = await resetIfInstalled(image, loaded, await openedLog(), openedLog);
    const fault = foundFault(log, applied);
    if (fault === null) return { log, image, loaded };
    await log.close();
    throw damaged(`the data in ${options.folder}`, fault.what);
  } catch (error) {
    await image.close();
    throw error;
  }
}

/** After a crash between the two steps of installing a snapshot the image was taken over, and the log is from before. */
export async function resetIfInstalled(
  image: OpenedImage,
  loaded: LoadedImage | null,
  log: LogStore,
  reopen: () => Promise<LogStore>,
): Promise<LogStore> {
  if (loaded === null || !image.installed || (await holds(log, loaded.applied.point))) return log;
  await log.reset(loaded.applied.point, log.image.hardState);
  await log.close();
  return reopen();
}

/** What is wrong between a log and an image that is at `applied`, and which of them lacks something. */
export function foundFault(
  log: LogStore,
  applied: number,
): { readonly part: 'log' | 'image'; readonly what: string } | null {
  const { last, compacted } = log.image;
  if (applied > last.index)
    return {
      part: 'log',
      what: `the log ends at entry ${last.index}, but entry ${applied} was durable and applied`,
    };
  if (compacted.index > applied)
    return {
      part: 'image',
      what: `the log begins after entry ${compacted.index}, but the state image is only at entry ${applied}`,
    };
  return null;
}

/** Whether the log agrees with the point (Raft §7: then it keeps what follows). */
async function holds(log: LogStore, point: LogPoint): Promise<boolean> {
  const { compacted, last } = log.image;
  if (compacted.index === point.index) return compacted.term === point.term;
  if (last.index < point.index || compacted.index > point.index) return false;
  const [entry] = await log.read(point.index, logIndex(point.index + 1), 1);
  return entry?.term === point.term;
}
