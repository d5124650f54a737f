import type { Database, DatabaseChange, Disk } from '../../ports/database.ts';
import type { AppliedPoint, HeldValue, ImageReceiver } from '../../ports/image-store.ts';
import { checkFormat, isOfCluster, otherCluster } from '../log/store-identity.ts';
import { damaged, formatVersion, isSealed, openJson, sealJson } from '../record-codec.ts';
import { Assembly } from './assembly.ts';
import { chunkPrefix, readChunkHeader } from './chunk-codec.ts';
import { type ChunkSums, emptySums, sumChunks } from './chunk-index.ts';
import { allEnd, type FormatRecord, formatKey, metaKey, recordPrefix } from './image-records.ts';
import { damagedTransfer, FrameReader } from './snapshot-frames.ts';

export const imageName = 'state';
const name = imageName;
const incomingName = 'state-incoming';

interface Options {
  readonly clusterId: string;
  readonly folder: string;
}

/** An opened database, and whose it is: `options.clusterId`, or that name with the suffix of a restore. */
export interface ImageDatabase {
  readonly database: Database;
  readonly clusterId: string;
}

/** Opens the image's database and checks whose it is; removes a half-received snapshot. */
export async function openImageDatabase(disk: Disk, options: Options): Promise<ImageDatabase> {
  if (await disk.exists(incomingName)) await disk.remove(incomingName);
  const { database, integrity, detail } = await disk.open(name, { redoable: true });
  try {
    if (integrity === 'damaged') throw damaged(`the state image in ${options.folder}`, detail);
    const value = await database.get(formatKey);
    if (value === undefined) {
      if ((await database.last('', allEnd)) !== undefined) {
        throw damaged(`the state image in ${options.folder}`, 'its format record is missing');
      }
      await database.write([formatRow(options)], { sync: true });
      return { database, clusterId: options.clusterId };
    }
    const format = openJson(`the state image in ${options.folder}`, formatKey, value) as FormatRecord;
    checkFormat(format.format, options.folder);
    if (!isOfCluster(format.clusterId, options.clusterId)) {
      throw otherCluster(options.folder, format.clusterId, options.clusterId);
    }
    return { database, clusterId: format.clusterId };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** A snapshot being received beside the present image. `takeOver` closes the present one, calls back for the swap, and opens what is then there. */
export async function receiveImage(
  disk: Disk,
  options: Options,
  takeOver: (swap: () => Promise<void>) => Promise<void>,
  heldValue?: HeldValue,
): Promise<ImageReceiver> {
  await disk.remove(incomingName);
  const { database } = await disk.open(incomingName);
  const frames = new FrameReader();
  const assembly = heldValue === undefined ? null : new Assembly(heldValue);
  let sums: ChunkSums = emptySums;
  let open = true;
  let inOrder: Promise<unknown> = Promise.resolve();

  async function write(chunk: Uint8Array): Promise<void> {
    const changes: DatabaseChange[] = [];
    for (const row of frames.frame(chunk)) {
      const { key, value } = assembly?.whole(row) ?? row;
      if (key.startsWith(chunkPrefix)) {
        const header = readChunkHeader(key, value);
        if (header === null) throw damagedTransfer(`the checksum of record ${key} is wrong`);
        sums = sumChunks(sums, [header], 1);
      } else if (!key.startsWith(recordPrefix) || !isSealed(key, value)) {
        throw damagedTransfer(`record ${key} does not belong in it`);
      }
      changes.push({ type: 'put', key, value });
    }
    if (changes.length > 0) await database.write(changes, { sync: false });
  }

  async function discard(): Promise<void> {
    if (!open) return;
    open = false;
    await database.close();
    await disk.remove(incomingName);
  }

  async function commit(keepOld: boolean): Promise<AppliedPoint> {
    const { meta, whole } = frames.end();
    assembly?.check(whole);
    if (JSON.stringify(sums) !== JSON.stringify(meta.chunks)) throw damagedTransfer('chunks are missing');
    await database.write(
      [formatRow(options), { type: 'put', key: metaKey, value: sealJson(metaKey, meta) }],
      {
        sync: true,
      },
    );
    open = false;
    await database.close();
    await takeOver(() => disk.replace(name, incomingName, { keepOld }));
    return meta.applied;
  }

  const next = <T>(act: () => Promise<T>): Promise<T> => {
    const run = inOrder.then(act);
    inOrder = run.catch(() => undefined);
    return run;
  };
  return {
    write: (chunk) => next(() => write(chunk)),
    commit: ({ keepOld = false } = {}) =>
      next(async () => {
        try {
          return await commit(keepOld);
        } catch (error) {
          await discard();
          throw error;
        }
      }),
    abort: () => next(discard),
  };
}

function formatRow({ clusterId }: Options): DatabaseChange {
  const content: FormatRecord = { format: formatVersion, clusterId };
  return { type: 'put', key: formatKey, value: sealJson(formatKey, content) };
}
