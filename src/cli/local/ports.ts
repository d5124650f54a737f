import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems give to outgoing connections, one of which may take a port between its choice and its use. */
const lowest = 15_000;
const highest = 32_767;
const attempts = 50;

/** Ports of 127.0.0.1 that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening()));
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      return new Promise<number>((resolve) => server.close(() => resolve(port)));
    }),
  );
}

async function listening(): Promise<Server> {
  for (let i = 0; i < attempts; i++) {
    const server = await listeningOn(randomInt(lowest, highest + 1)).catch(() => null);
    if (server !== null) return server;
  }
  return await listeningOn(0);
}

function listeningOn(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
