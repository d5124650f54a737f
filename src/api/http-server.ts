import { createServer, type Server } from 'node:http';
import { TanistError } from '../foundation/errors.ts';
import type { TanistNode } from '../node/node.ts';

/** `/health` (200 when the node knows a leader), `/role` (`primary` or `replica`), `/primary` and `/replica` (200 or 503) for load balancers. */
export class HttpServer {
  readonly #server: Server;

  constructor(node: TanistNode) {
    this.#server = createServer((request, response) => {
      const { open, raft, applied } = node.inspect();
      const role = open ? 'primary' : 'replica';
      const reply = (code: number, body: unknown): void => {
        response.writeHead(code, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      };
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      switch (path) {
        case '/health':
          return reply(raft.leader === null ? 503 : 200, {
            health: raft.leader === null ? 'no leader' : 'ok',
            id: raft.id,
            leader: raft.leader,
          });
        case '/role':
          return reply(200, { role, id: raft.id, leader: raft.leader, term: raft.term, applied });
        case '/primary':
          return reply(open ? 200 : 503, { role, leader: raft.leader });
        case '/replica':
          return reply(open || raft.leader === null ? 503 : 200, { role, leader: raft.leader });
        default:
          return reply(404, { error: `nothing at ${path}; there are /health, /role, /primary, /replica` });
      }
    });
  }

  /** Resolves to the bound address. Fails with `port-taken`. */
  listen(address: string): Promise<string> {
    const at = address.lastIndexOf(':');
    const host = address.slice(0, at).replace(/^\[|\]$/g, '');
    return new Promise((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new TanistError(
            'port-taken',
            `cannot listen on ${address} for HTTP: ${cause.message}; choose another port`,
            { cause },
          ),
        ),
      );
      this.#server.listen(Number(address.slice(at + 1)), host, () => {
        const bound = this.#server.address();
        resolve(
          typeof bound === 'object' && bound !== null ? `${address.slice(0, at)}:${bound.port}` : address,
        );
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
