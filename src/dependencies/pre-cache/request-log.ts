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
/** Ended and not written yet, as the cluster does not answer. */
const mostUnsaid = 16;
/** Where files are watched it is told of for longer: programs start after the installation. The next sequence ends it, too. */
const useMs = 10 * 60_000;

interface Running {
  readonly items: Map<string, Item>;
  readonly startedMs: number;
  readonly used: Set<string>;
}

/** Writes what this sandbox asks for where the pre-cache service finds it: one row a sequence, renewed while it grows. Nothing waits for it. */
export class RequestLog {
  readonly #options: RequestLogOptions;
  #running: Running | null = null;
  #unsaid: readonly Running[] = [];
  #latestMs = 0;
  #isWatched = false;
  #isDirty = false;
  #timer: Timer | null = null;
  #failed = false;
  #stopped = false;

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
    this.#stopped = true;
    this.#timer?.cancel();
    if (this.#running !== null) await this.#end(this.#running);
    else await this.#sayUnsaid();
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
    return this.#options.clock.after(this.#failed ? quietMs : delayMs, () => void this.#flush());
  }

  async #flush(): Promise<void> {
    const timer = this.#timer;
    const running = this.#running;
    if (running !== null && this.#quietForMs() > (this.#isWatched ? useMs : quietMs)) {
      await this.#end(running);
      return;
    }
    await this.#sayUnsaid();
    if (running !== null && this.#running === running && this.#isDirty)
      this.#isDirty = !(await this.#write(running, false)) || this.#isDirty;
    if (this.#timer !== timer) return;
    this.#timer = null;
    this.#again();
  }

  #again(): void {
    if (this.#stopped || (this.#running === null && this.#unsaid.length === 0)) return;
    this.#timer ??= this.#afterWhile();
  }

  async #end(running: Running): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#running = null;
    this.#unsaid = [...this.#unsaid, running].slice(-mostUnsaid);
    await this.#sayUnsaid();
    this.#again();
  }

  async #sayUnsaid(): Promise<void> {
    for (const each of this.#unsaid) {
      if (!(await this.#write(each, true))) return;
      this.#unsaid = this.#unsaid.filter((other) => other !== each);
    }
  }

  /** False: it could not be. */
  async #write({ items: asked, startedMs, used: opened }: Running, ended: boolean): Promise<boolean> {
    const { state, application, sandbox, sizeOf, say } = this.#options;
    if (!ended) this.#isDirty = false;
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
