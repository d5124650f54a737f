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
/** Where files are watched it is told of for longer: programs start after the installation. The next sequence ends it, too. */
const useMs = 10 * 60_000;
/** Ended sequences that could not be written yet; beyond, the oldest is not learnt. */
const mostUnwritten = 8;

interface Running {
  readonly items: Map<string, Item>;
  readonly startedMs: number;
  readonly used: Set<string>;
}

/** Writes what this sandbox asks for where the pre-cache service finds it: one row a sequence, renewed while it grows. Nothing waits for it. */
export class RequestLog {
  readonly #options: RequestLogOptions;
  #running: Running | null = null;
  #latestMs = 0;
  #isWatched = false;
  #isDirty = false;
  #timer: Timer | null = null;
  readonly #unwritten: Running[] = [];
  #failed = false;

  constructor(options: RequestLogOptions) {
    this.#options = options;
  }

  asked(item: Item): void {
    const { clock } = this.#options;
    if (this.#running !== null && this.#quietForMs() > quietMs) void this.#end(this.#running);
    this.#latestMs = clock.nowMs();
    this.#running ??= { items: new Map(), startedMs: clock.wallMs(), used: new Set() };
    const { items } = this.#running;
    if (items.has(item.path) || items.size >= mostItems) return;
    items.set(item.path, item);
    this.#changed();
  }

  /** A file of this package was opened: of what was installed last. `null` says only that somebody watches. */
  used(name: string | null): void {
    this.#isWatched = true;
    const used = this.#running?.used;
    if (name === null || used === undefined || used.has(name) || used.size >= mostItems) return;
    used.add(name);
    this.#changed();
  }

  async stop(): Promise<void> {
    if (this.#running !== null) await this.#end(this.#running);
    this.#timer?.cancel();
  }

  #quietForMs(): number {
    return this.#options.clock.nowMs() - this.#latestMs;
  }

  #changed(): void {
    this.#isDirty = true;
    this.#timer ??= this.#afterWhile();
  }

  #afterWhile(): Timer {
    const delayMs = Math.min(quietMs, flushMs + flushMsPerItem * (this.#running?.items.size ?? 0));
    return this.#options.clock.after(delayMs, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    const running = this.#running;
    this.#timer = null;
    await this.#writeEnded();
    if (running === null) return;
    if (this.#quietForMs() > (this.#isWatched ? useMs : quietMs)) {
      await this.#end(running);
      return;
    }
    if (this.#isDirty) await this.#write(running, false);
    if (this.#running === running) this.#timer ??= this.#afterWhile();
  }

  async #end(running: Running): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#running = null;
    this.#unwritten.push(running);
    if (this.#unwritten.length > mostUnwritten) this.#unwritten.shift();
    await this.#writeEnded();
  }

  /** What cannot be written is tried again for as long as the agent runs. */
  async #writeEnded(): Promise<void> {
    for (const running of [...this.#unwritten]) {
      if (!(await this.#write(running, true))) {
        this.#timer ??= this.#options.clock.after(quietMs, () => void this.#flush());
        return;
      }
      const at = this.#unwritten.indexOf(running);
      if (at >= 0) this.#unwritten.splice(at, 1);
    }
  }

  /** False: it could not be written. */
  async #write({ items: asked, startedMs, used: opened }: Running, ended: boolean): Promise<boolean> {
    const { state, application, sandbox, sizeOf, say } = this.#options;
    this.#isDirty = false;
    const items = [...asked.values()].map((item) => ({ ...item, sizeBytes: sizeOf(item) }));
    const used = this.#isWatched ? [...opened] : null;
    const sequence = { application, sandbox, startedMs, items, used, ended };
    try {
      await state.put(logKey(sequence), encodeSequence(sequence));
      if (ended) await this.#trim();
      this.#failed = false;
      return true;
    } catch (error) {
      if (!this.#failed)
        say(`requests cannot be logged (${asError(error).message}); the pre-cache learns nothing meanwhile`);
      this.#failed = true;
      this.#isDirty = true;
      return false;
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
