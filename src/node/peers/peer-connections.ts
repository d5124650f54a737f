import type { NodeId } from '../../foundation/ids.ts';

/** Which peers are connected, and which store each of them runs on. */
export class PeerConnections {
  readonly #stores = new Map<NodeId, string>();
  #addresses: ReadonlyMap<NodeId, string> = new Map();

  connected(peer: NodeId, storeId: string): void {
    this.#stores.set(peer, storeId);
  }

  disconnected(peer: NodeId): void {
    this.#stores.delete(peer);
  }

  isConnected(peer: NodeId): boolean {
    return this.#stores.has(peer);
  }

  /** Connections go to these addresses from now on; one to another address is given up without a word. */
  dialled(addresses: ReadonlyMap<NodeId, string>): void {
    for (const peer of this.#stores.keys())
      if (addresses.get(peer) !== this.#addresses.get(peer)) this.#stores.delete(peer);
    this.#addresses = new Map(addresses);
  }

  /** Whether the peer is connected on another store than this one. */
  runsOnAnother(peer: NodeId, storeId: string): boolean {
    return (this.#stores.get(peer) ?? storeId) !== storeId;
  }
}
