import { asBuffer } from '../../../foundation/bytes.ts';
import { asError, TanistError } from '../../../foundation/errors.ts';
import { revision } from '../../../foundation/ids.ts';
import type { WatchEvent } from '../../../ports/state-client.ts';
import type { SeenEvent, SeenWatch } from '../../../verification/guarantees/watch.ts';
import type { Violation } from '../../../verification/violation.ts';
import type { Connection } from '../connections.ts';
import { Progress } from '../progress.ts';
import type { TruthGatherer } from '../truth/gather.ts';
import { trueEvent } from '../truth/watch-source.ts';

export type WatchStart = 'present' | 'past' | 'future';

export interface RecordedWatchOptions {
  readonly name: string;
  /** Whom it stays with; null: with nobody. */
  readonly member: string | null;
  readonly client: Connection;
  readonly prefix: string;
  /** Null: from the present on. */
  readonly from: number | null;
  readonly previous: boolean;
  readonly truth: TruthGatherer;
}

/** One watch and all that it was handed. */
export class RecordedWatch {
  readonly name: string;
  readonly member: string | null;
  readonly prefix: string;
  readonly violations: Violation[] = [];
  readonly #batches: { readonly revision: number; readonly events: readonly SeenEvent[] }[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  readonly #options: RecordedWatchOptions;
  #from: number | null;
  readonly #progress = new Progress();
  /** As compacted: it may be, but only where somebody compacted. */
  refused = false;
  ended = false;
  reached = 0;

  constructor(options: RecordedWatchOptions) {
    this.#options = options;
    this.name = options.name;
    this.member = options.member;
    this.prefix = options.prefix;
    this.#from = options.from;
    this.#running = this.#run().finally(() => {
      this.ended = true;
      this.#progress.made();
    });
  }

  /** Null: it was never set up. */
  seen(): SeenWatch | null {
    if (this.#from === null) return null;
    const { name, prefix } = this;
    return {
      name,
      matches: (key) => key.startsWith(prefix),
      fromRevision: this.#from,
      batches: this.#batches,
    };
  }

  /** False: not within `patienceMs`. A watch that was refused has nothing to reach, nor has one from beyond `at`. */
  async reaches(at: number, patienceMs: number): Promise<boolean> {
    const done = (): boolean => this.ended || this.reached >= at || (this.#from ?? 0) > at;
    await this.#progress.until(done, patienceMs);
    return done();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { client, prefix, from, previous, truth } = this.#options;
    const { signal } = this.#ending;
    const options = { prefix: true, previous, signal };
    const asked = from === null ? options : { ...options, fromRevision: revision(from) };
    try {
      for await (const batch of client.watch(prefix, asked)) {
        if (this.#from === null) this.#from = batch.revision + 1;
        this.#batches.push({
          revision: batch.revision,
          events: batch.events.map((event) => this.#seen(event)),
        });
        this.reached = batch.revision;
        this.#progress.made();
      }
    } catch (error) {
      const { code, message } =
        error instanceof TanistError ? error : { code: 'unexpected', message: asError(error).message };
      this.refused = code === 'revision-compacted';
      const next = Math.max(this.#from ?? 0, this.reached + 1);
      if (this.refused && next <= truth.compactedThrough) return;
      this.violations.push({
        check: 'watch-refused',
        detail: `${this.name}: refused from ${next} on: ${message}`,
      });
    }
  }

  /** A value before is left out where it is compacted, so its absence says something only where nobody compacted so far. */
  #seen(event: WatchEvent): SeenEvent {
    const seen = trueEvent(event);
    if (!this.#options.previous) return seen;
    if (event.previous !== undefined) return { ...seen, previous: asBuffer(event.previous.value).toString() };
    const isFirst = event.type === 'put' && event.keyValue.version === 1;
    const mayBeCompacted = event.keyValue.modRevision - 1 < this.#options.truth.compactedThrough;
    return isFirst || !mayBeCompacted ? { ...seen, previous: null } : seen;
  }
}
