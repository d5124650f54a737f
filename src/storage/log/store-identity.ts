import { TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { StoreIdentity } from '../../ports/log-store.ts';
import { formatVersion } from '../record-codec.ts';

/** What the disk keeps of it: the rest is of one start. */
export interface IdentityRecord extends Omit<StoreIdentity, 'incarnation' | 'last'> {
  readonly format: number;
}

export interface ExpectedIdentity {
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Random, used when the store is made now. */
  readonly newStoreId: string;
  /** Random, of this start. */
  readonly incarnation: string;
  /** The data folder's path, for messages. */
  readonly folder: string;
  /** Why a store that is made now doubts itself. */
  readonly doubt?: string;
}

/** The identity of this start: checked, and with its boot counter raised; the caller makes it durable before the node says a word. */
export function nextIdentity(found: IdentityRecord | undefined, expected: ExpectedIdentity): IdentityRecord {
  const { clusterId, nodeId, folder } = expected;
  if (found === undefined) {
    const { doubt } = expected;
    return {
      format: formatVersion,
      clusterId,
      nodeId,
      storeId: expected.newStoreId,
      bootCounter: 1,
      ...(doubt === undefined ? {} : { doubt }),
    };
  }
  checkFormat(found.format, folder);
  if (!isOfCluster(found.clusterId, clusterId)) throw otherCluster(folder, found.clusterId, clusterId);
  if (found.nodeId !== nodeId) {
    throw new TanistError(
      'data-of-another-node',
      `${folder} holds the data of node "${found.nodeId}", but this is node "${nodeId}": ` +
        'give the node its own folder, or start it under the name of its data',
    );
  }
  return {
    format: formatVersion,
    clusterId: found.clusterId,
    nodeId,
    storeId: found.storeId,
    bootCounter: found.bootCounter + 1,
    ...(found.doubt === undefined ? {} : { doubt: found.doubt }),
  };
}

/**
 * A cluster that was restored from a backup is another one than the cluster that was backed up, even under the same name: its id has a suffix,
 * `name+suffix`, which a config may leave out.
 */
export function isOfCluster(found: string, expected: string): boolean {
  return found === expected || found.startsWith(`${expected}+`);
}

export function checkFormat(found: number, folder: string): void {
  if (found <= formatVersion) return;
  throw new TanistError(
    'data-format-newer',
    `${folder} was written in format ${found}, this version reads up to ${formatVersion}: ` +
      'start the newer version that wrote it',
  );
}

export function otherCluster(folder: string, found: string, expected: string): TanistError {
  return new TanistError(
    'data-of-another-cluster',
    `${folder} holds the data of cluster "${found}", but this node is configured for cluster "${expected}": ` +
      'correct the cluster id or the folder',
  );
}
