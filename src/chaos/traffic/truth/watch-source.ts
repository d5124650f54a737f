import { asBuffer } from '../../../foundation/bytes.ts';
import { asError, TanistError } from '../../../foundation/errors.ts';
import { revision } from '../../../foundation/ids.ts';
import type { StateClient, WatchBatch, WatchEvent } from '../../../ports/state-client.ts';
import type { TrueEvent } from '../../../verification/truth.ts';
import type { Violation } from '../../../verification/violation.ts';

/** Revisions that a source cannot vouch for: `from` ≤ r ≤ `through`. */
export interface Gap {
  readonly from: number;
  readonly through: number;
}

/**
 * One of the watches that the committed history is gathered by: from `from` on, over everything under `prefix`. What was compacted before it came by is
 * a gap; another source has it, or nobody.
 */
export class WatchSource {
  readonly name: string;
  readonly gaps: Gap[] = [];
  readonly violations: Violation[] = [];
  readonly byRevision = new Map<number, readonly TrueEvent[]>();
  /** Nothing up to it is missing, but for the gaps. */
  reached: number;
  /** Why it ended before it was told to. */
  failure: Error | null = null;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  readonly #onProgress: () => void;

  constructor(
    name: string,
    client: StateClient,
    prefix: string,
    from: number,
    /** The highest revision that a compaction was asked for: no watch from above it may be refused. */
    compactedThrough: () => number,
    onProgress: () => void,
  ) {
    this.name = name;
    this.reached = from - 1;
    this.#onProgress = onProgress;
    this.#running = this.#run(client, prefix, compactedThrough).catch((error: unknown) => {
      this.failure = asError(error);
      onProgress();
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(client: StateClient, prefix: string, compactedThrough: () => number): Promise<void> {
    const { signal } = this.#ending;
    let fromPresent = false;
    while (!signal.aborted) {
      const from = this.reached + 1;
      const options = fromPresent
        ? { prefix: true, signal }
        : { prefix: true, signal, fromRevision: revision(from) };
      try {
        for await (const batch of client.watch(prefix, options)) {
          if (fromPresent) {
            fromPresent = false;
            if (batch.revision > this.reached) this.gaps.push({ from, through: batch.revision });
          }
          this.#take(batch);
        }
      } catch (error) {
        if (!(error instanceof TanistError) || error.code !== 'revision-compacted') throw error;
        if (from > compactedThrough())
          this.violations.push({
            check: 'watch-compacted',
            detail: `${this.name}: refused from ${from} as compacted; nobody compacted beyond ${compactedThrough()}`,
          });
        fromPresent = true;
      }
    }
  }

  #take({ revision: through, events }: WatchBatch): void {
    for (const event of events) {
      const at = event.keyValue.modRevision;
      if (at <= this.reached)
        this.violations.push({
          check: 'watch-unique',
          detail: `${this.name}: event of revision ${at} after ${this.reached} was complete`,
        });
      else this.byRevision.set(at, [...(this.byRevision.get(at) ?? []), trueEvent(event)]);
    }
    this.reached = Math.max(this.reached, through);
    this.#onProgress();
  }
}

export function trueEvent({ type, keyValue }: WatchEvent): TrueEvent {
  return {
    revision: keyValue.modRevision,
    type,
    key: asBuffer(keyValue.key).toString(),
    value: type === 'put' ? asBuffer(keyValue.value).toString() : '',
  };
}
