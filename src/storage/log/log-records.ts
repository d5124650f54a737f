import { asBuffer } from '../../foundation/bytes.ts';
import type { Database, DatabaseChange } from '../../ports/database.ts';
import { beforeAll, type HardState, type LogPoint, type PeerIdentity } from '../../ports/log-store.ts';
import { damaged, openJson, openRecord, sealInPlace, sealJson } from '../record-codec.ts';
import { type Block, type ChainHash, chainBytes } from './block-codec.ts';

export const logPlace = "this node's log";

/** The hard state, and the last index that was durable when it was written. */
export interface HardRecord {
  readonly state: HardState;
  readonly last: number;
}

/** The log begins after `point`; `chain` is the chain hash (in hexadecimal digits) that an empty log goes on from. */
export interface StartRecord {
  readonly point: LogPoint;
  readonly chain: string;
}

export const hardKey = 'hard';
export const startKey = 'start';
export const identityKey = 'identity';
export const peerPrefix = 'peer/';
export const peerEnd = 'peer0';

export function putJson(key: string, content: unknown): DatabaseChange {
  return { type: 'put', key, value: sealJson(key, content) };
}

export async function getJson<T>(database: Database, key: string): Promise<T | undefined> {
  const value = await database.get(key);
  return value === undefined ? undefined : (openJson(logPlace, key, value) as T);
}

export async function readPeers(database: Database): Promise<Map<string, PeerIdentity>> {
  const peers = new Map<string, PeerIdentity>();
  for await (const rows of database.scan(peerPrefix, peerEnd, 65_536)) {
    for (const { key, value } of rows) {
      const found = openJson(logPlace, key, value) as PeerIdentity;
      peers.set(key.slice(peerPrefix.length), { ...found, last: found.last ?? beforeAll });
    }
  }
  return peers;
}

/**
 * Beside each block, written in the same batch: what the block must be. A block that is gone without its witness is noticed by the
 * gap, the newest one by its witness. It lies next to its block and not under one fixed key, so that LevelDB's tables of
 * different times don't overlap and need no merging.
 */
export function witnessKey(blockKey: string): string {
  return `${blockKey}t`;
}

export function putWitness(key: string, block: Block): DatabaseChange {
  const value = Buffer.allocUnsafe(4 + 6 + chainBytes);
  value.writeUIntLE(block.last, 4, 6);
  value.latin1Write(block.after, 10, chainBytes);
  const own = witnessKey(key);
  return { type: 'put', key: own, value: sealInPlace(own, value) };
}

export function chainDigits(chain: ChainHash): string {
  return Buffer.from(chain, 'latin1').toString('hex');
}

export function chainOf(digits: string): ChainHash {
  return Buffer.from(digits, 'hex').toString('latin1');
}

export interface Witness {
  readonly last: number;
  readonly chain: ChainHash;
}

export function readWitness(key: string, value: Uint8Array): Witness {
  const content = asBuffer(openRecord(logPlace, key, value));
  if (content.length !== 6 + chainBytes) throw damaged(logPlace, `record ${key} has a wrong length`);
  return { last: content.readUIntLE(0, 6), chain: content.latin1Slice(6, content.length) };
}
