import { logIndex, nodeId, term } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseChange, Disk } from '../../ports/database.ts';
import type { HardState, LogImage, LogPoint, LogStore } from '../../ports/log-store.ts';
import { damaged } from '../record-codec.ts';
import { blockEnd, blockPrefix, chainStart } from './block-codec.ts';
import { BlockLog } from './block-log.ts';
import {
  chainDigits,
  chainOf,
  getJson,
  type HardRecord,
  hardKey,
  identityKey,
  putJson,
  readPeers,
  type StartRecord,
  startKey,
} from './log-records.ts';
import { type RecoveredBlocks, recoverBlocks } from './log-recovery.ts';
import { type ExpectedIdentity, type IdentityRecord, nextIdentity } from './store-identity.ts';

export interface OpenLogOptions extends ExpectedIdentity {
  /** Bytes of newest entries to load into `image.tail`; default `limits.logMemoryBytes`. */
  readonly memoryBytes?: number;
  /** Everything after this index is loaded, however much it is: what the image still has to apply. */
  readonly mustLoadAfter?: number;
  /** Largest block; default `limits.blockBytes`. */
  readonly blockBytes?: number;
}

export const logName = 'log';
/** A log that is being made, to take the place of the other one. */
export const newLogName = 'log-incoming';
const none: LogPoint = { index: logIndex(0), term: term(0) };

/**
 * Opens the log, or makes it. What was durable is there again, or this fails (promise 6): `data-damaged`, `data-of-another-node`,
 * `data-of-another-cluster`, `data-format-newer`. The boot counter is raised and durable when it resolves.
 */
export async function openLog(disk: Disk, options: OpenLogOptions, name = logName): Promise<LogStore> {
  const opened = await disk.open(name);
  try {
    return await recover(disk, opened.database, opened, options);
  } catch (error) {
    await opened.database.close();
    throw error;
  }
}

async function recover(
  disk: Disk,
  database: Database,
  opened: { readonly integrity: string; readonly detail: string; readonly tornBytes?: number },
  options: OpenLogOptions,
): Promise<LogStore> {
  const place = `the log in ${options.folder}`;
  const tolerant = mutant.active === 'torn-tail-hides-damage';
  const found = await getJson<IdentityRecord>(database, identityKey);
  const identity = nextIdentity(found, options);
  if (opened.integrity === 'damaged' && !tolerant) throw damaged(place, opened.detail);
  const isNew = found === undefined;
  if (isNew && (await database.last('', '\x7f')) !== undefined)
    throw damaged(place, 'its identity record is missing');

  const hard = await getJson<HardRecord>(database, hardKey);
  const start = await getJson<StartRecord>(database, startKey);
  if (!isNew && (hard === undefined || start === undefined))
    throw damaged(place, 'its hard state is missing');
  const compacted = start?.point ?? none;
  const recovered = await recoverBlocks(database, {
    start: compacted,
    memoryBytes: options.memoryBytes ?? limits.logMemoryBytes,
    mustLoadAfter: options.mustLoadAfter ?? 0,
  });
  const lastIndex = recovered.blocks.last?.last ?? compacted.index;
  const changes: DatabaseChange[] = [putJson(identityKey, identity)];
  if (isNew) {
    changes.push(putJson(hardKey, { state: noVote, last: 0 } satisfies HardRecord));
    changes.push(putJson(startKey, { point: none, chain: chainDigits(chainStart) } satisfies StartRecord));
  }
  if (tolerant) changes.push(...(await cutAt(database, recovered)));
  else if (recovered.fault !== null)
    throw damaged(place, `${recovered.fault.what} (at ${recovered.fault.key})`);
  else if (hard !== undefined && lastIndex < hard.last) {
    throw damaged(place, `it ends at entry ${lastIndex}, but entry ${hard.last} was durable`);
  }
  await database.write(changes, { sync: true });

  const peers = await readPeers(database);
  const lastEntry = recovered.tail.at(-1);
  const last = lastEntry === undefined ? compacted : { index: lastEntry.index, term: lastEntry.term };
  const state = hard?.state ?? noVote;
  const image: LogImage = {
    hardState: mutant.active === 'vote-lost-at-restart' ? { term: state.term, vote: null } : state,
    compacted,
    last,
    tail: recovered.tail,
    tornBytes: opened.tornBytes ?? 0,
    peers: new Map([...peers].map(([id, peer]) => [nodeId(id), peer])),
  };
  const { clusterId, storeId, bootCounter, doubt } = identity;
  return new BlockLog({
    database,
    renewed: (write) => renewed(disk, write),
    place,
    identity: {
      clusterId,
      nodeId: identity.nodeId,
      storeId,
      bootCounter,
      incarnation: options.incarnation,
      last,
      ...(doubt === undefined ? {} : { doubt }),
    },
    image,
    blocks: recovered.blocks,
    chain: recovered.blocks.last?.after ?? (start === undefined ? chainStart : chainOf(start.chain)),
    blockBytes: options.blockBytes ?? limits.blockBytes,
  });
}

/** A log with what `write` puts into it, in place of the present one, which is closed and set aside. */
async function renewed(
  disk: Disk,
  write: (database: Database) => Promise<() => Promise<void>>,
): Promise<Database> {
  if (await disk.exists(newLogName)) await disk.remove(newLogName);
  const { database } = await disk.open(newLogName);
  let closeOld: () => Promise<void>;
  try {
    closeOld = await write(database);
  } finally {
    await database.close();
  }
  await closeOld();
  await disk.replace(logName, newLogName, { keepOld: true });
  return (await disk.open(logName)).database;
}

const noVote: HardState = { term: term(0), vote: null };

/** Only for the mutant: what a careless recovery does. */
async function cutAt(database: Database, recovered: RecoveredBlocks): Promise<DatabaseChange[]> {
  const changes: DatabaseChange[] = [];
  if (recovered.fault === null) return changes;
  for await (const rows of database.scan(blockPrefix, blockEnd, 65_536)) {
    for (const { key } of rows) if (key >= recovered.fault.key) changes.push({ type: 'del', key });
  }
  return changes;
}
