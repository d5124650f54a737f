import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asError, TanistError } from '../../foundation/errors.ts';
import { refuse, refuseWith } from '../http/reply.ts';

export interface Address {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export interface Listening {
  readonly server: Server;
  /** `host:port`, as it was bound. */
  readonly address: string;
  close(): Promise<void>;
}

export type Handle = (
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
) => Promise<void>;

const mostRequests = 4096;

/** An HTTP server whose handlers may fail: that becomes an answer, or a broken connection where one was begun. Fails as `port-taken`. */
export async function listen({ host, port }: Address, handle: Handle): Promise<Listening> {
  let running = 0;
  const server = createServer((request, response) => {
    if (running >= mostRequests) {
      refuse(response, 503, 'too many requests at a time; try again');
      return;
    }
    running++;
    const left = new AbortController();
    response.once('close', () => {
      running--;
      left.abort();
    });
    response.on('error', () => undefined);
    handle(request, response, left.signal).catch((error: unknown) => refuseWith(response, error));
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new TanistError('port-taken', `${host}:${port} cannot be listened on: ${asError(error).message}`),
      ),
    );
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    server,
    address: `${name}:${bound.port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
