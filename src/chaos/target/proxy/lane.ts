import type { Socket } from 'node:net';
import type { Shape } from '../../target.ts';

/** What waits in one direction of a connection; beyond it the sender is held back. */
const mostBytes = 1024 * 1024;
/** Of what is slowed down: larger pieces would come in gusts. */
const pieceBytes = 8 * 1024;

interface Piece {
  /** Null: the end of the stream. */
  readonly bytes: Buffer | null;
  /** By `performance.now()`. */
  readonly dueMs: number;
}

/**
 * One direction of a connection: what `source` says gets to `sink` as the link's shape has it. Order is kept, as TCP keeps it. While it is cut nothing is read, so
 * that the sender's own kernel holds what it says, and no end is passed on: neither side is told.
 */
export class Lane {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #ended: () => Promise<void>;
  readonly #waiting: Piece[] = [];
  #waitingBytes = 0;
  #shape: Shape = {};
  /** When the link has passed all that it was given so far. */
  #freeAtMs = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #isDrained = true;
  #isOver = false;

  /** `ended` is waited for before the source's end is passed on. */
  constructor(source: Socket, sink: Socket, shape: Shape, ended: () => Promise<void>) {
    this.#source = source;
    this.#sink = sink;
    this.#shape = shape;
    this.#ended = ended;
    source.on('data', (bytes) => this.#take(bytes));
    source.on('end', () => void this.#end());
    source.on('error', () => undefined);
    source.on('close', () => void this.#end());
    sink.on('drain', () => {
      this.#isDrained = true;
      this.#move();
    });
    this.#hold();
  }

  /** What waited for the old shape's sake goes on at once. */
  reshape(shape: Shape): void {
    this.#shape = shape;
    this.#freeAtMs = 0;
    this.#lastDueMs = 0;
    const nowMs = performance.now();
    this.#waiting.splice(0, Infinity, ...this.#waiting.map(({ bytes }) => ({ bytes, dueMs: nowMs })));
    this.#move();
  }

  #take(bytes: Buffer): void {
    const step = this.#shape.bytesPerSecond === undefined ? bytes.length : pieceBytes;
    for (let at = 0; at < bytes.length; at += step) this.#queue(bytes.subarray(at, at + step));
    this.#move();
  }

  async #end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#ended();
    this.#queue(null);
    this.#move();
  }

  #queue(bytes: Buffer | null): void {
    const { delayMs = 0, jitterMs = 0, bytesPerSecond } = this.#shape;
    const nowMs = performance.now();
    const length = bytes?.length ?? 0;
    this.#freeAtMs =
      Math.max(this.#freeAtMs, nowMs) + (bytesPerSecond === undefined ? 0 : (length / bytesPerSecond) * 1000);
    // Chance of the harness's own: what the network does is nobody's promise to repeat.
    const spreadMs = (2 * Math.random() - 1) * jitterMs;
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#freeAtMs + Math.max(0, delayMs + spreadMs));
    this.#waiting.push({ bytes, dueMs: this.#lastDueMs });
    this.#waitingBytes += length;
  }

  #move(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#shape.cut !== true && this.#isDrained) {
      const next = this.#waiting[0];
      if (next === undefined) break;
      const leftMs = next.dueMs - performance.now();
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#move(), Math.ceil(leftMs));
        break;
      }
      this.#waiting.shift();
      this.#waitingBytes -= next.bytes?.length ?? 0;
      if (next.bytes === null) {
        this.#close();
        return;
      }
      if (this.#sink.writable) this.#isDrained = this.#sink.write(next.bytes);
    }
    this.#hold();
  }

  #close(): void {
    // A peer that was killed leaves no half-open connection; one that has said its last word may still hear.
    if (this.#source.destroyed || this.#source.readableAborted) this.#sink.destroy();
    else this.#sink.end();
  }

  #hold(): void {
    if (this.#shape.cut === true || this.#waitingBytes > mostBytes || !this.#isDrained) this.#source.pause();
    else this.#source.resume();
  }
}
