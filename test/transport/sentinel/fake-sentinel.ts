import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Sentinel } from '../../../src/transport/sentinel/sentinel.ts';

/** A sentinel without a process: it ends when told to. */
export interface FakeSentinel extends Sentinel {
  readonly connections: ReadonlySet<Socket>;
}

export async function fakeSentinel(): Promise<FakeSentinel> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => {}).on('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let close = (): void => {};
  const ended = new Promise<void>((resolve) => {
    close = () => {
      // As with a process: its end is heard of when its connections are reset.
      server.close(() => resolve());
      for (const socket of connections) socket.resetAndDestroy();
    };
  });
  return { port: (server.address() as AddressInfo).port, ended, close, connections };
}
