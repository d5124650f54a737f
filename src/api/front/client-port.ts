import { createServer, type Server, type Socket } from 'node:net';
import { listen } from './listen.ts';

/** Those who take a connection over, with nothing of it read. */
export interface ClientPortTakers {
  readonly http2: (socket: Socket) => void;
  readonly http1: (socket: Socket) => void;
}

/** How HTTP/2 begins when both sides know that they speak it (RFC 9113, 3.4); no method of HTTP/1 begins so. */
const preface = 'PRI';
/** Whoever connects and says nothing in this time has to connect again. */
const silentMs = 30_000;

/**
 * One port for gRPC and for HTTP/1.1, as etcd has it: the first bytes of a connection tell which it is. Afterwards the connection is the
 * taker's alone, so a call costs nothing here.
 */
export class ClientPort {
  readonly #takers: ClientPortTakers;
  readonly #server: Server;
  /** Of which nothing has been read. */
  readonly #new = new Set<Socket>();

  constructor(takers: ClientPortTakers) {
    this.#takers = takers;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#connected(socket));
  }

  /** Resolves to the bound address. Fails with `port-taken`. */
  listen(address: string): Promise<string> {
    return listen(this.#server, address, 'clients');
  }

  /** Connections that have been taken over are their takers' to close. */
  close(): void {
    this.#server.close();
    for (const socket of this.#new) socket.destroy();
  }

  #connected(socket: Socket): void {
    const drop = (): void => void socket.destroy();
    const forget = (): void => void this.#new.delete(socket);
    let first: Buffer = Buffer.alloc(0);
    const look = (): void => {
      const read: Buffer | null = socket.read();
      if (read === null) return;
      first = first.length === 0 ? read : Buffer.concat([first, read]);
      const seen = first.toString('latin1', 0, preface.length);
      if (seen.length < preface.length && preface.startsWith(seen)) return;
      socket
        .off('readable', look)
        .off('error', drop)
        .off('timeout', drop)
        .off('end', drop)
        .off('close', forget);
      socket.setTimeout(0);
      forget();
      socket.unshift(first);
      if (seen !== preface) this.#takers.http1(socket);
      else {
        // Only HTTP/1.1 answers a caller that has said its last word.
        socket.allowHalfOpen = false;
        this.#takers.http2(socket);
      }
    };
    this.#new.add(socket);
    socket.setTimeout(silentMs);
    socket.on('readable', look).on('error', drop).on('timeout', drop).on('end', drop).on('close', forget);
  }
}
