import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TanistError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';

export interface TunnelPorts {
  readonly clock: Clock;
  /** Whether a rule lets through to `host:port`. */
  readonly allows: (target: string) => boolean;
  /** Fails as `unavailable`, `deadline-exceeded`. */
  readonly connect: (host: string, port: number) => Promise<Duplex>;
}

const mostTunnels = 1024;
const idleMs = 10 * 60_000;

/** CONNECT (RFC 9110, 9.3.6), as clients speak https through a proxy: bytes in both directions, which nobody here can read or keep. */
export class Tunnels {
  readonly #ports: TunnelPorts;
  readonly #open = new Set<Duplex>();

  constructor(ports: TunnelPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#open.size;
  }

  /** `head`: what the client sent already. Never fails: what goes wrong is answered. */
  async open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const target = request.url ?? '';
    const [, host, portText] = /^(\[[0-9a-fA-F:.]+\]|[^:/\s@]+):(\d{1,5})$/.exec(target) ?? [];
    const port = Number(portText);
    if (host === undefined || port < 1 || port > 65_535) return refused(socket, '400 Bad Request');
    if (!this.#ports.allows(target)) return refused(socket, '403 Forbidden');
    if (this.#open.size >= mostTunnels) return refused(socket, '503 Service Unavailable');
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    try {
      const outside = await this.#ports.connect(host, port);
      if (socket.destroyed) outside.destroy();
      else this.#join(socket, outside, head);
    } catch (error) {
      const isLate = error instanceof TanistError && error.code === 'deadline-exceeded';
      refused(socket, isLate ? '504 Gateway Timeout' : '502 Bad Gateway');
    }
  }

  /** Breaks all off. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #join(socket: Duplex, outside: Duplex, head: Buffer): void {
    const { clock } = this.#ports;
    let lastMs = clock.nowMs();
    const passed = (): void => {
      lastMs = clock.nowMs();
    };
    const look = (): void => {
      const leftMs = lastMs + idleMs - clock.nowMs();
      if (leftMs <= 0) socket.destroy();
      else timer = clock.after(leftMs, look);
    };
    let timer: Timer = clock.after(idleMs, look);
    outside.on('error', () => socket.destroy());
    outside.once('close', () => void socket.end());
    socket.once('close', () => {
      timer.cancel();
      outside.destroy();
    });
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) outside.write(head);
    for (const [from, to] of [
      [outside, socket],
      [socket, outside],
    ] as const) {
      from.on('data', passed);
      from.pipe(to);
    }
  }
}

function refused(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
