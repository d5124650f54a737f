import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server over which bytes take a while; how long can be changed, and the way can be closed. */
export class DelayingProxy {
  /** Each way, ms. */
  delayMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(at: string, target: string): Promise<DelayingProxy> {
    const server = createServer();
    const proxy = new DelayingProxy(server);
    server.on('connection', (near) => proxy.#join(near, target));
    return new Promise((resolve) => {
      server.listen(Number(at.split(':')[1]), '127.0.0.1', () => resolve(proxy));
    });
  }

  stop(): void {
    this.#server.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(near: Socket, target: string): void {
    const far = connect(Number(target.split(':')[1]), '127.0.0.1');
    this.#tie(near, far);
    this.#tie(far, near);
  }

  #tie(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay();
    let dueMs = 0;
    // In order also when the way becomes shorter.
    const later = (act: () => void): void => {
      dueMs = Math.max(dueMs, performance.now() + this.delayMs);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        act();
      }, dueMs - performance.now());
      this.#timers.add(timer);
    };
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      later(() => to.destroy());
    });
  }
}
