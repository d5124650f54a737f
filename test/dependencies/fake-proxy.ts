import { createServer, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface FakeProxy {
  /** `http://host:port` */
  readonly url: string;
  /** `CONNECT host:port`, or the address that was asked for, in order. */
  readonly asked: string[];
  /** The header `proxy-authorization` of each. */
  readonly credentials: (string | undefined)[];
  /** What it answers to all; null: it does what it is asked for. 0: nothing at all. */
  status: number | null;
  stop(): Promise<void>;
}

/** A proxy between a machine and the world, as companies have it, on a free port. */
export async function startFakeProxy(): Promise<FakeProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((asked, response) => {
    proxy.asked.push(asked.url ?? '');
    proxy.credentials.push(asked.headers['proxy-authorization']);
    if (proxy.status !== null) {
      if (proxy.status > 0) response.writeHead(proxy.status).end();
      return;
    }
    const { 'proxy-authorization': _, ...headers } = asked.headers;
    const sent = request(asked.url ?? '', { method: asked.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    sent.on('error', () => response.destroy());
    asked.pipe(sent);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('connect', (asked, socket, head) => {
    proxy.asked.push(`CONNECT ${asked.url}`);
    proxy.credentials.push(asked.headers['proxy-authorization']);
    if (proxy.status !== null) {
      if (proxy.status > 0) socket.end(`HTTP/1.1 ${proxy.status} no\r\n\r\n`);
      return;
    }
    const [host, port] = String(asked.url).split(':');
    const outside = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 fine\r\n\r\n');
      outside.write(head);
      outside.pipe(socket).pipe(outside);
    });
    sockets.add(outside);
    outside.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FakeProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    credentials: [],
    status: null,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;
}
