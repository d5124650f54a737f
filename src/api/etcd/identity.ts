import { createHash } from 'node:crypto';
import { present } from '../../foundation/assert.ts';
import type { NodeId } from '../../foundation/ids.ts';

/** etcd names clusters and members by 64 bit numbers: hashes of our names, so the same on every node and for ever. Never 0. */
export function clusterIdOf(cluster: string): bigint {
  return hash(`cluster ${cluster}`);
}

export function memberIdOf(cluster: string, id: NodeId): bigint {
  return hash(`member ${cluster} ${id}`);
}

function hash(text: string): bigint {
  const digest = createHash('sha256').update(text).digest();
  const value = digest.readBigUInt64BE(0);
  return value === 0n ? 1n : value;
}

/** Member ids of a cluster's nodes, each worked out once. */
export class MemberIds {
  readonly #cluster: string;
  readonly #ids = new Map<NodeId, bigint>();

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  of(id: NodeId): bigint {
    if (!this.#ids.has(id)) this.#ids.set(id, memberIdOf(this.#cluster, id));
    return present(this.#ids.get(id), 'it has just been set');
  }
}
