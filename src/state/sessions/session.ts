import type { SessionId } from '../../foundation/ids.ts';
import type { CommandResult } from '../../ports/result.ts';
import { resultSize } from '../checks/result-size.ts';

/** Results in one image record. */
export const resultsPerRecord = 256;
/** What a kept result counts beside its content. */
const slotBytes = 32;

/** One client's commands that it may still re-send: the results above `acknowledgedThrough`, by number. */
export class Session {
  readonly id: SessionId;
  readonly nonce: string;
  readonly ttlMs: number;
  deadlineMs: number;
  heapIndex = -1;
  ended = false;
  acknowledgedThrough = 0;
  /** The highest number applied. */
  highest = 0;
  /** `#results[i]` is that of number `acknowledgedThrough + 1 + i`; undefined: not applied. */
  #results: (CommandResult | undefined)[] = [];
  /** Content of the results beyond their slots; 0 for a session of plain puts. */
  #contentBytes = 0;
  /** Numbers whose results the image lacks; empty when from > to. */
  #dirtyFrom = Number.MAX_SAFE_INTEGER;
  #dirtyTo = 0;
  /** The image records that may be stored. */
  #firstRecord = 0;
  #lastRecord = -1;

  constructor(id: SessionId, nonce: string, ttlMs: number, deadlineMs: number) {
    this.id = id;
    this.nonce = nonce;
    this.ttlMs = ttlMs;
    this.deadlineMs = deadlineMs;
  }

  /** What its results hold in memory. */
  get keptBytes(): number {
    return this.#results.length * slotBytes + this.#contentBytes;
  }

  /** Results at or below `through` are needed no more. Never goes back. */
  acknowledge(through: number): void {
    const gone = through - this.acknowledgedThrough;
    if (gone <= 0) return;
    if (gone >= this.#results.length) {
      this.#results = [];
      this.#contentBytes = 0;
    } else {
      const forgotten = this.#results.splice(0, gone);
      if (this.#contentBytes > 0)
        for (const result of forgotten) if (result !== undefined) this.#contentBytes -= resultSize(result);
    }
    this.acknowledgedThrough = through;
  }

  resultOf(number: number): CommandResult | undefined {
    return this.#results[number - this.acknowledgedThrough - 1];
  }

  /** Numbers may come with gaps: commands overtaken by a re-send of a part. */
  keep(number: number, result: CommandResult): void {
    const at = number - this.acknowledgedThrough - 1;
    while (this.#results.length < at) this.#results.push(undefined);
    this.#results[at] = result;
    this.#contentBytes += resultSize(result);
    if (number > this.highest) this.highest = number;
    if (number < this.#dirtyFrom) this.#dirtyFrom = number;
    if (number > this.#dirtyTo) this.#dirtyTo = number;
  }

  /** Numbers of the image records to write again, and of those to remove, since the last call. */
  takeRecords(): { readonly write: readonly number[]; readonly remove: readonly number[] } {
    const firstNeeded = recordOf(this.acknowledgedThrough + 1);
    const write: number[] = [];
    const remove: number[] = [];
    // Only what is stored: a client may acknowledge any number, and with it leave any gap.
    for (let record = this.#firstRecord; record < firstNeeded && record <= this.#lastRecord; record++)
      remove.push(record);
    this.#firstRecord = firstNeeded;
    const from = Math.max(firstNeeded, recordOf(Math.min(this.#dirtyFrom, this.#dirtyTo + 1)));
    if (this.#dirtyFrom <= this.#dirtyTo)
      for (let record = from; record <= recordOf(this.#dirtyTo); record++) write.push(record);
    this.#lastRecord = Math.max(this.#lastRecord, write.at(-1) ?? -1);
    this.#dirtyFrom = Number.MAX_SAFE_INTEGER;
    this.#dirtyTo = 0;
    return { write, remove };
  }

  /** All records that the image holds of it. */
  storedRecords(): readonly number[] {
    const records: number[] = [];
    for (let record = this.#firstRecord; record <= this.#lastRecord; record++) records.push(record);
    return records;
  }

  resultsOfRecord(record: number): readonly (CommandResult | undefined)[] {
    const results: (CommandResult | undefined)[] = [];
    for (let i = 0; i < resultsPerRecord; i++) results.push(this.resultOf(record * resultsPerRecord + i));
    return results;
  }

  /** After loading: the image has all of it. */
  restored(highest: number): void {
    this.highest = highest;
    this.takeRecords();
  }
}

function recordOf(number: number): number {
  return Math.floor(number / resultsPerRecord);
}
