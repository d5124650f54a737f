import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { limits, type RequestLimits } from '../../foundation/limits.ts';
import type { RangeRequest } from '../../ports/command.ts';
import type { KeyValue } from '../../ports/delta.ts';
import type { RangeResult } from '../../ports/result.ts';
import { validateRange } from '../../state/checks/validate.ts';
import { KeptValues } from '../../state/mvcc/kept-values.ts';
import { fetchLimit, rangeLatest, upperBound } from '../../state/mvcc/range.ts';
import { keysPerTurn } from '../../state/mvcc/range-scan.ts';
import { RangeIndex } from '../range-index.ts';
import type { HeldRange } from './held-range.ts';

export interface WarmReadsOptions {
  readonly requestLimits: RequestLimits;
  readonly turn: () => Promise<void>;
}

/** Answered at once, or (large ranges, or while a mark is being taken over) later. */
export type WarmAnswer = RangeResult | TanistError;

/**
 * Reads of the latest values that are held. A large one takes several turns, and a large mark too: each waits for the other, so that every answer is
 * of one mark.
 */
export class WarmReads {
  readonly #options: WarmReadsOptions;
  #index = new RangeIndex<HeldRange>([]);
  /** Large reads under way. */
  #reading = 0;
  #whenRead: (() => void)[] = [];
  #changing: Promise<void> | null = null;

  constructor(options: WarmReadsOptions) {
    this.#options = options;
  }

  setRanges(ranges: readonly HeldRange[]): void {
    this.#index = new RangeIndex(ranges);
  }

  /** Fails as `not-held` for anything that is not wholly inside what is held, and for older revisions. */
  read(request: RangeRequest): WarmAnswer | Promise<WarmAnswer> {
    if (this.#changing !== null) return this.#changing.then(() => this.read(request));
    const failure = validateRange(request, this.#options.requestLimits);
    if (failure !== null) return new TanistError(failure.code, failure.message);
    const held = this.#index.covering(request);
    if (held === undefined)
      return new TanistError(
        'not-held',
        `this replica does not hold all of that range of ${request.space}: ask a hot one, or make its prefix critical by policy`,
      );
    const { readRevision } = held;
    if (request.revision > readRevision)
      return new TanistError(
        'revision-future',
        `revision ${request.revision} is not there yet; the latest is ${readRevision}`,
      );
    if (request.revision !== 0 && request.revision !== readRevision)
      return new TanistError(
        'not-held',
        `this replica holds the latest values only, of revision ${readRevision}: ask a hot one for revision ${request.revision}`,
      );
    return isLarge(held, request) ? this.#readLarge(held, request) : rangeLatest(held, request);
  }

  /** Runs it while nobody reads, and lets nobody read until it is done. */
  async exclusively(act: () => Promise<void>): Promise<void> {
    let done = (): void => undefined;
    this.#changing = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await this.quiet();
      await act();
    } finally {
      this.#changing = null;
      done();
    }
  }

  /** Resolves when no large read is under way; at once in the same turn if `isQuiet`. */
  async quiet(): Promise<void> {
    while (this.#reading > 0) await new Promise<void>((resolve) => this.#whenRead.push(resolve));
  }

  get isQuiet(): boolean {
    return this.#reading === 0;
  }

  async #readLarge(held: HeldRange, request: RangeRequest): Promise<WarmAnswer> {
    if (this.#reading >= limits.scans)
      return new TanistError('overloaded', `${limits.scans} large ranges are being read; try again`);
    this.#reading += 1;
    try {
      const kept = new KeptValues(request);
      const to = upperBound(request.rangeEnd);
      const count = held.count(request.key, to);
      const limit = fetchLimit(request);
      let fetched = 0;
      let from = request.key;
      for (;;) {
        const keys = held.keys(from, to, limit === 0 ? keysPerTurn : Math.min(keysPerTurn, limit - fetched));
        fetched += keys.length;
        const values: KeyValue[] = [];
        for (const key of keys) {
          const value = held.get(key);
          if (value !== null) values.push(value);
        }
        kept.add(values);
        if (request.limit === 0 && kept.bytes > limits.rangeBytes)
          return new TanistError(
            'range-too-large',
            `the range holds more than the ${limits.rangeBytes} bytes that fit into an answer: read it in pieces, with a limit`,
          );
        if (keys.length < keysPerTurn || (limit !== 0 && fetched >= limit)) break;
        from = `${keys[keys.length - 1]}\0` as ByteString;
        await this.#options.turn();
      }
      const { values, more } = kept.taken();
      return { kind: 'range', revision: held.readRevision, values, count, more };
    } finally {
      this.#reading -= 1;
      if (this.#reading === 0) for (const resolve of this.#whenRead.splice(0)) resolve();
    }
  }
}

function isLarge(held: HeldRange, request: RangeRequest): boolean {
  const { key, rangeEnd, countOnly } = request;
  if (rangeEnd === '' || countOnly) return false;
  const limit = fetchLimit(request);
  if (limit !== 0 && limit <= keysPerTurn) return false;
  return held.count(key, upperBound(rangeEnd)) > keysPerTurn;
}
