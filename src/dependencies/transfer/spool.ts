import type { FileHandle } from 'node:fs/promises';
import { assert } from '../../foundation/assert.ts';
import { asError } from '../../foundation/errors.ts';
import { Changes } from './changes.ts';

/** What one reader of a spool has read so far. */
export interface ReaderMark {
  position: number;
}

/** Kept in memory where nothing can be stored; the slowest reader holds the source up. */
const windowBytes = 4 * 1024 * 1024;
const mostRead = 256 * 1024;

/**
 * Bytes that arrive in one place and are read in several, each at its own speed, from a file. Where the file cannot take them (disk full, too large to
 * store) they pass through a bounded window in memory: nobody who reads is cut off, and the object is not kept.
 *
 * `available` never goes back, and what lies before it never changes.
 */
export class Spool {
  readonly #file: FileHandle | null;
  readonly #mostStored: number;
  readonly #reserve: (end: number) => boolean;
  readonly #readers = new Set<ReaderMark>();
  #window: Buffer[] = [];
  /** Bytes before this are in the file, those from it on in the window; Infinity: all are in the file. */
  #windowStart = Number.POSITIVE_INFINITY;
  #storedEnd = 0;
  #available = 0;
  readonly #changes = new Changes();
  /** Why the bytes are not kept; null: they are. */
  notStored: Error | null = null;

  /** `file`: null where there is no room for one; `reserve`: asked before it is written up to there. */
  constructor(file: FileHandle | null, mostStored: number, reserve: (end: number) => boolean = () => true) {
    this.#reserve = reserve;
    this.#file = file;
    this.#mostStored = mostStored;
    if (file === null) this.#stopStoring(new Error('there is no room for it'));
  }

  get available(): number {
    return this.#available;
  }

  /** After what is available. Waits for readers only where nothing is stored. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.notStored === null && (await this.#write(chunk, this.#available))) {
      this.#moveTo(this.#available + chunk.length);
      return;
    }
    if (this.#readers.size === 0)
      throw new Error(`nobody reads it, and it is not kept: ${this.notStored?.message}`);
    this.#window.push(Buffer.from(chunk));
    this.#moveTo(this.#available + chunk.length);
    while (this.#waitingBytes() > windowBytes && this.#readers.size > 0) await this.changed();
  }

  /** Bytes beyond what is available, in any order; they count when `advance` says so. False: there is no room. */
  async writeAt(chunk: Uint8Array, position: number): Promise<boolean> {
    assert(position >= this.#available, 'what is available does not change');
    return this.notStored === null && (await this.#write(chunk, position));
  }

  advance(to: number): void {
    if (to > this.#available) this.#moveTo(to);
  }

  /** Nothing more is kept, as of an object that will be too large. */
  passOn(reason: Error): void {
    if (this.notStored === null) this.#stopStoring(reason);
  }

  /** Whether one who begins now gets all. */
  get isWhole(): boolean {
    return this.notStored === null || this.#windowStart === this.#storedEnd;
  }

  open(): ReaderMark {
    const mark = { position: 0 };
    this.#readers.add(mark);
    return mark;
  }

  close(mark: ReaderMark): void {
    this.#readers.delete(mark);
    this.wake();
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Some of the bytes from the mark up to `before`; the mark moves. Empty: there are none yet. */
  async read(mark: ReaderMark, before: number): Promise<Buffer> {
    const size = Math.min(before - mark.position, mostRead);
    if (size <= 0) return Buffer.alloc(0);
    const bytes = await this.bytesAt(mark.position, size);
    mark.position += bytes.length;
    if (this.notStored !== null) this.#trim();
    return bytes;
  }

  /** At least one byte, at most `size`. */
  async bytesAt(position: number, size: number): Promise<Buffer> {
    if (position >= this.#windowStart) return this.#fromWindow(position, size);
    const inFile = Math.min(size, this.#windowStart - position);
    const buffer = Buffer.allocUnsafe(inFile);
    let filled = 0;
    while (filled < inFile) {
      const { bytesRead = 0 } =
        (await this.#file?.read(buffer, filled, inFile - filled, position + filled)) ?? {};
      if (bytesRead === 0) throw new Error('the spool file is shorter than what was written to it');
      filled += bytesRead;
    }
    return buffer;
  }

  /** Resolves when more is available, a reader moved or left, or `wake` was called. */
  changed(): Promise<void> {
    return this.#changes.changed();
  }

  wake(): void {
    this.#changes.wake();
  }

  async #write(chunk: Uint8Array, position: number): Promise<boolean> {
    const end = position + chunk.length;
    try {
      if (end > this.#mostStored) throw new Error(`it is larger than ${this.#mostStored} bytes`);
      if (!this.#reserve(end)) throw new Error('the cache has no room for it beside what else is on its way');
      let done = 0;
      while (done < chunk.length) {
        const { bytesWritten = 0 } =
          (await this.#file?.write(chunk, done, chunk.length - done, position + done)) ?? {};
        if (bytesWritten === 0) throw new Error('nothing was written');
        done += bytesWritten;
      }
      return true;
    } catch (error) {
      this.#stopStoring(asError(error));
      return false;
    }
  }

  #stopStoring(reason: Error): void {
    if (this.notStored !== null) return;
    this.notStored = reason;
    this.#windowStart = this.#available;
    this.#storedEnd = this.#available;
  }

  #moveTo(available: number): void {
    this.#available = available;
    this.wake();
  }

  #waitingBytes(): number {
    let slowest = this.#available;
    for (const { position } of this.#readers) slowest = Math.min(slowest, position);
    return this.#available - Math.max(slowest, this.#windowStart);
  }

  /** Forgets what all readers have read. */
  #trim(): void {
    let slowest = this.#available;
    for (const { position } of this.#readers) slowest = Math.min(slowest, position);
    for (let first = this.#window[0]; first !== undefined; first = this.#window[0]) {
      if (this.#windowStart + first.length > slowest) break;
      this.#window.shift();
      this.#windowStart += first.length;
    }
    this.wake();
  }

  #fromWindow(position: number, size: number): Buffer {
    let start = this.#windowStart;
    for (const chunk of this.#window) {
      if (position < start + chunk.length) return chunk.subarray(position - start, position - start + size);
      start += chunk.length;
    }
    throw new Error('read beyond what has arrived');
  }
}
