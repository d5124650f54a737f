import type { ServerDuplexStream } from '@grpc/grpc-js';

/** What the client of one connection has not taken, of all streams of the connection together. */
export interface ConnectionLoad {
  readonly waitingBytes: number;
  add(bytes: number): void;
}

/** By peer: address and port, which no other connection to this process has. */
const waiting = new Map<string, number>();

export function loadOf(call: Pick<ServerDuplexStream<Buffer, Buffer>, 'getPeer'>): ConnectionLoad {
  const peer = call.getPeer();
  return {
    get waitingBytes() {
      return waiting.get(peer) ?? 0;
    },
    add: (bytes) => {
      const now = (waiting.get(peer) ?? 0) + bytes;
      if (now === 0) waiting.delete(peer);
      else waiting.set(peer, now);
    },
  };
}
