import { connect, type Socket } from 'node:net';
import { splitAddress } from '../../foundation/address.ts';

/** Of a peer's sentinel: a connection that says nothing, and breaks when the peer's process ends. */
export class SentinelWatch {
  readonly #gone: () => void;
  #watched = '';
  #socket: Socket | null = null;

  /** `gone`: called once for each watch, when a sentinel that was reached has ended. */
  constructor(gone: () => void) {
    this.#gone = gone;
  }

  /** From now on of this one. `address`: where the peer is reached, of which the host counts; `port` 0: it has no sentinel. */
  watch(address: string, port: number): void {
    const { host } = splitAddress(address);
    const watched = `${host} ${port}`;
    if (this.#socket !== null && this.#watched === watched) return;
    this.close();
    if (port === 0) return;
    this.#watched = watched;
    const socket = connect({ host, port });
    this.#socket = socket;
    let reached = false;
    const end = (): void => {
      socket.destroy();
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (reached) this.#gone();
    };
    socket.unref();
    socket.on('connect', () => {
      reached = true;
    });
    // So that its end is seen.
    socket.resume();
    // Nobody has accepted it at a sentinel, so it can only be reset there: whoever ends it in good order is a proxy on the way, of what is idle, or somebody else
    // who listens at that port.
    socket.on('end', () => {
      reached = false;
      end();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Whatever else breaks it is the network's doing, and says nothing of the process.
      if (error.code !== 'ECONNRESET') reached = false;
      end();
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.destroy();
  }
}
