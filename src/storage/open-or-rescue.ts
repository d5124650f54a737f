import { TanistError } from '../foundation/errors.ts';
import type { Disk } from '../ports/database.ts';
import type { LoadedImage } from '../ports/image-store.ts';
import type { Configuration, LogStore } from '../ports/log-store.ts';
import { imageName } from './image/image-database.ts';
import { type OpenedImage, openImage } from './image/image-store.ts';
import { logName, newLogName, openLog } from './log/open-log.ts';
import { foundFault, type OpenedStore, type OpenStoreOptions, resetIfInstalled } from './open-store.ts';
import { damaged, damagedAlone } from './record-codec.ts';
import { storedCluster } from './stored-cluster.ts';

export interface RescueOptions extends OpenStoreOptions {
  /** Brings the state to what the image holds, which null means is nothing; fails with `data-damaged` where that is not what was written. */
  readonly restore: (loaded: LoadedImage | null) => Promise<void>;
  /** Whether others vote too, so that this replica can be made whole again from them. Null: what the image said is not known. */
  readonly hasOthers: (configuration: Configuration | null) => boolean;
  /** A damaged database is kept as `evidence` (null: there was nothing to keep). */
  readonly setAside: (database: string, evidence: string | null, reason: string) => void;
}

export interface RescuedStore extends OpenedStore {
  /** Why the image, and with it the state, is not that of the log: it has to come from a peer. Null: it is. */
  readonly imageDoubt: string | null;
}

/**
 * As `openStore`, but where others can bring this replica up again a damaged database does not keep it from starting (promise 6):
 * - a damaged log is set aside, and an empty one takes its place which doubts itself, durably: its votes and acknowledgements count for
 *   nothing until a leader elected without it has brought it up to date. A whole image is kept, and the log goes on behind it;
 * - a damaged image is set aside. A log that still begins at the beginning makes it anew; else `imageDoubt` says that a peer must.
 */
export async function openOrRescue(disk: Disk, options: RescueOptions): Promise<RescuedStore> {
  if (await disk.exists(newLogName)) await disk.remove(newLogName);
  for (let attempt = 1; ; attempt++) {
    const image = await tryImage(disk, options);
    if (image.kind === 'whole') {
      const log = await tryLog(disk, options, image);
      if (log.kind === 'whole')
        return { log: log.log, image: image.image, loaded: image.loaded, imageDoubt: null };
      const configuration = image.loaded?.applied.configuration ?? null;
      await image.image.close();
      if (log.kind === 'image-behind') return withoutImage(disk, options, log.error, image.loaded !== null);
      if (attempt === mostAttempts) throw log.error;
      if (!options.hasOthers(configuration)) throw damagedAlone(log.error);
      await replaceLog(disk, options, log.error, image);
    } else {
      const log = await tryLog(disk, options, null);
      if (log.kind === 'whole') {
        await log.log.close();
        return withoutImage(disk, options, image.error, true);
      }
      if (attempt === mostAttempts) throw log.error;
      if (!options.hasOthers(null)) throw damagedAlone(log.error);
      await replaceLog(disk, options, log.error, null);
      await keepImage(disk, options, image.error);
    }
  }
}

/** What is made anew and damaged at once is on a disk of no use. */
const mostAttempts = 3;

type FoundImage =
  | { readonly kind: 'whole'; readonly image: OpenedImage; readonly loaded: LoadedImage | null }
  | { readonly kind: 'damaged'; readonly error: TanistError };
type WholeImage = Extract<FoundImage, { readonly kind: 'whole' }>;

async function tryImage(disk: Disk, options: RescueOptions): Promise<FoundImage> {
  let image: OpenedImage | null = null;
  try {
    image = await openImage(disk, options);
    const loaded = await image.load();
    await options.restore(loaded);
    return { kind: 'whole', image, loaded };
  } catch (error) {
    await image?.close();
    return { kind: 'damaged', error: damageOr(error) };
  }
}

type FoundLog =
  | { readonly kind: 'whole'; readonly log: LogStore }
  | { readonly kind: 'damaged' | 'image-behind'; readonly error: TanistError };

async function tryLog(disk: Disk, options: RescueOptions, image: WholeImage | null): Promise<FoundLog> {
  let log: LogStore | null = null;
  try {
    const applied = image?.loaded?.applied.point.index ?? 0;
    const clusterId = image?.image.clusterId ?? options.clusterId;
    const open = (): Promise<LogStore> =>
      openLog(disk, { ...options, clusterId, ...memory(options), mustLoadAfter: applied });
    log = await open();
    if (image === null) return { kind: 'whole', log };
    log = await resetIfInstalled(image.image, image.loaded, log, open);
    const fault = foundFault(log, applied);
    if (fault === null) return { kind: 'whole', log };
    await log.close();
    const kind = fault.part === 'log' ? 'damaged' : 'image-behind';
    return { kind, error: damaged(`the data in ${options.folder}`, fault.what) };
  } catch (error) {
    await log?.close();
    return { kind: 'damaged', error: damageOr(error) };
  }
}

/** The log is whole, the image is not, or not there. */
async function withoutImage(
  disk: Disk,
  options: RescueOptions,
  error: TanistError,
  isThere: boolean,
): Promise<RescuedStore> {
  const clusterId = (await storedCluster(disk, 'log')) ?? options.clusterId;
  const log = await openLog(disk, { ...options, clusterId, ...memory(options), mustLoadAfter: 0 });
  const { compacted } = log.image;
  if (compacted.index > 0 && !options.hasOthers(null)) {
    await log.close();
    throw damagedAlone(error);
  }
  if (isThere) await keepImage(disk, options, error);
  const image = await openImage(disk, { ...options, clusterId: log.identity.clusterId });
  const loaded = await image.load();
  await options.restore(null);
  return { log, image, loaded, imageDoubt: compacted.index > 0 ? error.message : null };
}

async function keepImage(disk: Disk, options: RescueOptions, error: TanistError): Promise<void> {
  const clusterId = (await storedCluster(disk, 'log')) ?? options.clusterId;
  options.setAside(imageName, await disk.setAside(imageName), error.message);
  // Its cluster is known to the log alone from here on.
  await (await openImage(disk, { ...options, clusterId })).close();
}

/** In one atomic step, so that no crash leaves an empty log that does not know that it is to be doubted. */
async function replaceLog(
  disk: Disk,
  options: RescueOptions,
  error: TanistError,
  image: WholeImage | null,
): Promise<void> {
  const clusterId =
    image?.image.clusterId ??
    (await storedCluster(disk, 'log')) ??
    (await storedCluster(disk, 'state')) ??
    options.clusterId;
  const fresh = await openLog(disk, { ...options, clusterId, doubt: error.message }, newLogName);
  try {
    const applied = image?.loaded?.applied;
    if (applied !== undefined) await fresh.reset(applied.point, { term: applied.point.term, vote: null });
  } finally {
    await fresh.close();
  }
  await disk.replace(logName, newLogName, { keepOld: true });
  options.setAside(logName, `${logName}.evidence`, error.message);
}

function memory({ logMemoryBytes }: OpenStoreOptions): { readonly memoryBytes?: number } {
  return logMemoryBytes === undefined ? {} : { memoryBytes: logMemoryBytes };
}

function damageOr(error: unknown): TanistError {
  if (error instanceof TanistError && error.code === 'data-damaged') return error;
  throw error;
}
