import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems give to outgoing connections, one of which may take a port between its choice and its use. */
const lowest = 15_040;
const highest = 32_767;
/**
 * Ports are given out of blocks. Whoever listens on the first port of a block, for as long as its thread lives, has the others for itself: what runs beside it
 * on this machine (tests do, in parallel) chooses none that a node of ours is about to take, or to take again after a restart.
 */
const blockPorts = 64;
const blocks = Math.floor((highest + 1 - lowest) / blockPorts);
const attempts = 4 * blocks;

let block: { readonly first: number; next: number } | null = null;
let turn: Promise<unknown> = Promise.resolve();

/** Ports of 127.0.0.1 that were free a moment ago, all different, none given before. */
export function freePorts(count: number): Promise<readonly number[]> {
  const chosen = turn.then(async () => {
    const ports: number[] = [];
    while (ports.length < count) ports.push(await freePort());
    return ports;
  });
  turn = chosen.catch(() => undefined);
  return chosen;
}

async function freePort(): Promise<number> {
  for (let i = 0; i < attempts; i++) {
    if (block === null || block.next === blockPorts) block = await ownBlock();
    if (block === null) break;
    const server = await listeningOn(block.first + block.next++).catch(() => null);
    if (server !== null) return await released(server);
  }
  return await released(await listeningOn(0));
}

async function ownBlock(): Promise<typeof block> {
  for (let i = 0; i < attempts; i++) {
    const first = lowest + blockPorts * randomInt(blocks);
    const guard = await listeningOn(first).catch(() => null);
    if (guard === null) continue;
    guard.unref();
    return { first, next: 1 };
  }
  return null;
}

function released(server: Server): Promise<number> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return new Promise((resolve) => server.close(() => resolve(port)));
}

function listeningOn(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
