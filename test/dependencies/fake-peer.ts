import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContentKey, DependencyRegistry } from '../../src/ports/dependency-registry.ts';

export interface FakePeer {
  readonly address: string;
  asked: number;
  stop(): Promise<void>;
}

/** Another sandbox that answers as the test says, registered as a holder of these keys. */
export async function startFakePeer(
  registry: DependencyRegistry,
  id: string,
  held: { readonly keys: readonly ContentKey[]; readonly sha256: string; readonly size: number },
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<FakePeer> {
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/objects/')) peer.asked++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const peer: FakePeer = {
    address,
    asked: 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await registry.join({ id, address, application: 'x', zone: '', instance: id }, 30_000);
  await registry.register(id, [held]);
  return peer;
}

/** Gives the bytes as an agent does, ranges and all. */
export function giving(bytes: Buffer): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = to === undefined || to === '' ? bytes.length : Number(to) + 1;
    const part = bytes.subarray(start, end);
    const range =
      from === undefined
        ? {}
        : { 'content-range': `bytes ${start}-${start + part.length - 1}/${bytes.length}` };
    response
      .writeHead(from === undefined ? 200 : 206, { 'content-length': String(part.length), ...range })
      .end(part);
  };
}
