import type { ServerDuplexStream } from '@grpc/grpc-js';
import { limits } from '../../foundation/limits.ts';

/** Of one connection, all its streams together. */
export interface WatchShare {
  readonly isUsedUp: boolean;
  add(watches: number): void;
}

const keyBytesPerShare = 1024;

/** Of one watch: its keys are held as long as it lasts, so one with long ones counts as several. */
export function sharesOf(keyBytes: number): number {
  return 1 + Math.floor(keyBytes / keyBytesPerShare);
}

/** What each connection holds of the watchers that a node may have, so that no client takes them all from the others. */
export class WatchShares {
  /** Watches of a connection. */
  readonly most: number;
  /** By peer: address and port, which no other connection to this node has. */
  readonly #held = new Map<string, number>();

  constructor(most: number = limits.watchersPerConnection) {
    this.most = most;
  }

  of(call: Pick<ServerDuplexStream<Buffer, Buffer>, 'getPeer'>): WatchShare {
    const { most } = this;
    const held = this.#held;
    const peer = call.getPeer();
    return {
      get isUsedUp() {
        return (held.get(peer) ?? 0) >= most;
      },
      add: (watches) => {
        const now = (held.get(peer) ?? 0) + watches;
        if (now === 0) held.delete(peer);
        else held.set(peer, now);
      },
    };
  }
}
