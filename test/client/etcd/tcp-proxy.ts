import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut, closed and made deaf. */
export class TcpProxy {
  readonly endpoint: string;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #closed = false;
  #answers = true;
  #held: (() => void)[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.endpoint = `127.0.0.1:${port}`;
  }

  static start(target: string): Promise<TcpProxy> {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const proxy = new TcpProxy(server, (server.address() as { port: number }).port);
        server.on('connection', (socket) => proxy.#join(socket, Number(target.split(':')[1])));
        resolve(proxy);
      });
    });
  }

  /** Connections break. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
    this.#held = [];
  }

  /** They break, and there are no new ones until `open`. */
  close(): void {
    this.#closed = true;
    this.cut();
  }

  open(): void {
    this.#closed = false;
  }

  /** What the server says no longer arrives; what it is told does. */
  deafen(): void {
    this.#answers = false;
  }

  hear(): void {
    this.#answers = true;
    const held = this.#held;
    this.#held = [];
    for (const write of held) write();
  }

  stop(): void {
    this.close();
    this.#server.close();
  }

  #join(near: Socket, port: number): void {
    if (this.#closed) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    near.setNoDelay();
    far.setNoDelay();
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => {
      if (this.#answers) near.write(bytes);
      else this.#held.push(() => near.write(bytes));
    });
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => {});
      one.on('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}
