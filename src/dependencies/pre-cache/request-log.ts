import { asError } from '../../foundation/errors.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { StateClient } from '../../ports/state-client.ts';
import {
  applicationPrefix,
  encodeSequence,
  type Item,
  logKey,
  mostItems,
  mostSequences,
} from './sequence.ts';

export interface RequestLogOptions {
  readonly state: StateClient;
  readonly clock: Clock;
  readonly application: string;
  readonly sandbox: string;
  /** Of an object that is here by now; 0: it is not. */
  readonly sizeOf: (item: Item) => number;
  readonly say: (text: string) => void;
}

const flushMs = 1000;
/** Longer for each item: the row is written whole. */
const flushMsPerItem = 10;
/** Without a request for so long a sequence is over. */
const quietMs = 10_000;

/** Writes what this sandbox asks for where the pre-cache service finds it: one row a sequence, renewed while it grows. Nothing waits for it. */
export class RequestLog {
  readonly #options: RequestLogOptions;
  #items = new Map<string, Item>();
  #startedMs = 0;
  #latestMs = 0;
  #used: Set<string> | null = null;
  #isDirty = false;
  #timer: Timer | null = null;
  #failed = false;

  constructor(options: RequestLogOptions) {
    this.#options = options;
  }

  asked(item: Item): void {
    const { clock } = this.#options;
    this.#latestMs = clock.nowMs();
    if (this.#items.size === 0) this.#startedMs = clock.wallMs();
    if (this.#items.has(item.path) || this.#items.size >= mostItems) return;
    this.#items.set(item.path, item);
    this.#changed();
  }

  /** A file of this package was opened; `null` says only that somebody watches. */
  used(name: string | null): void {
    this.#used ??= new Set();
    if (name === null || this.#used.has(name) || this.#used.size >= mostItems) return;
    this.#used.add(name);
    if (this.#items.size > 0) this.#changed();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    if (this.#items.size > 0) await this.#write(true);
  }

  #changed(): void {
    this.#isDirty = true;
    this.#timer ??= this.#afterWhile();
  }

  #afterWhile(): Timer {
    const delayMs = Math.min(quietMs, flushMs + flushMsPerItem * this.#items.size);
    return this.#options.clock.after(delayMs, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    const isOver = this.#options.clock.nowMs() - this.#latestMs > quietMs;
    // Files are opened after the installation: the sequence stays until they had time for it.
    if (this.#isDirty || isOver) await this.#write(isOver);
    this.#timer = null;
    if (isOver) {
      this.#items = new Map();
      this.#used = this.#used === null ? null : new Set();
    } else this.#timer = this.#afterWhile();
  }

  async #write(ended: boolean): Promise<void> {
    const { state, application, sandbox, sizeOf, say } = this.#options;
    this.#isDirty = false;
    const items = [...this.#items.values()].map((item) => ({ ...item, sizeBytes: sizeOf(item) }));
    const used = this.#used === null ? null : [...this.#used];
    const sequence = { application, sandbox, startedMs: this.#startedMs, items, used, ended };
    try {
      await state.put(logKey(sequence), encodeSequence(sequence));
      if (ended) await this.#trim();
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        say(`requests cannot be logged (${asError(error).message}); the pre-cache learns nothing meanwhile`);
      this.#failed = true;
    }
  }

  /** The latest of an application are enough to learn from. */
  async #trim(): Promise<void> {
    const { state, application } = this.#options;
    const rows = await state.get(applicationPrefix(application), { prefix: true, keysOnly: true });
    const old = rows.values.slice(0, Math.max(0, rows.values.length - mostSequences));
    for (const { key } of old) await state.delete(key);
  }
}
