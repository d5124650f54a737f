import type { Network } from '../world/network.ts';

const lookAgainMs = 20;
const giveUpMs = 1000;

/** One direction of a connection between a client and a node: in order, waits through a partition, breaks when that lasts. */
export class Channel {
  readonly #network: Network;
  readonly #from: string;
  readonly #to: string;
  readonly #broke: () => void;
  readonly #queue: { readonly atMs: number; readonly act: () => void }[] = [];
  #lastAtMs = 0;
  #closed = false;

  constructor(network: Network, from: string, to: string, broke: () => void) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
    this.#broke = broke;
  }

  /** `act` happens at the other end, after everything sent before. */
  send(act: () => void): void {
    if (this.#closed) return;
    const { scheduler } = this.#network;
    this.#lastAtMs = Math.max(this.#lastAtMs, scheduler.nowMs + this.#network.delayMs(this.#from, this.#to));
    this.#queue.push({ atMs: this.#lastAtMs, act });
    scheduler.at(this.#lastAtMs, () => this.#arrive());
  }

  close(): void {
    this.#closed = true;
    this.#queue.length = 0;
  }

  #arrive(): void {
    const { scheduler } = this.#network;
    const first = this.#queue[0];
    if (this.#closed || first === undefined) return;
    if (this.#network.blocked(this.#from, this.#to)) {
      if (scheduler.nowMs - first.atMs > giveUpMs) {
        this.close();
        this.#broke();
      } else {
        scheduler.after(lookAgainMs, () => this.#arrive());
      }
      return;
    }
    while (this.#queue[0] !== undefined && this.#queue[0].atMs <= scheduler.nowMs) {
      this.#queue.shift()?.act();
      if (this.#closed) return;
    }
  }
}
