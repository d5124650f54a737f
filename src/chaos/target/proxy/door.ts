import { createServer, type Server, type Socket } from 'node:net';
import { TanistError } from '../../../foundation/errors.ts';

/** The proxy's port for a way: open or closed at once, like the port it stands for. */
export class Door {
  readonly #port: number;
  readonly #enter: (socket: Socket) => void;
  #server: Server | null = null;
  #opening: Promise<void> | null = null;

  constructor(port: number, enter: (socket: Socket) => void) {
    this.#port = port;
    this.#enter = enter;
  }

  get isOpen(): boolean {
    return this.#server !== null;
  }

  /** Errors: `port-taken`. */
  open(): Promise<void> {
    if (this.#opening !== null) return this.#opening;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, this.#enter);
    this.#server = server;
    this.#opening = new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        this.close();
        reject(
          new TanistError(
            'port-taken',
            `the proxy cannot listen on 127.0.0.1:${this.#port}: ${cause.message}`,
            {
              cause,
            },
          ),
        );
      });
      server.listen({ host: '127.0.0.1', port: this.#port, backlog: 1024 }, () => {
        server.on('error', () => undefined);
        resolve();
      });
    });
    return this.#opening;
  }

  /** Whoever comes from now on is refused. */
  close(): void {
    this.#server?.close();
    this.#server = null;
    this.#opening = null;
  }
}
