import type { ByteString } from '../../foundation/bytes.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { KeyRange, RangeDigest } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { RangeIndex, rangeText } from '../range-index.ts';
import { putValue, RangeSum } from '../range-sum.ts';
import { scanPiece } from './scan-piece.ts';

interface Entry {
  readonly range: KeyRange;
  readonly sum: RangeSum;
  /** All keys before it are in the sum; null: all are. */
  cursor: ByteString | null;
}

/** The digests of ranges as of now: made by a scan in pieces, then kept up from what deltas replaced. */
export class DigestBook {
  readonly #state: StateMachine;
  #entries: readonly Entry[] = [];
  #byText: ReadonlyMap<string, Entry> = new Map();
  #index = new RangeIndex<Entry>([]);

  readonly #keysPerPiece: number;

  constructor(state: StateMachine, keysPerPiece: number) {
    this.#state = state;
    this.#keysPerPiece = keysPerPiece;
  }

  /** Those that were there already go on. */
  setRanges(ranges: readonly KeyRange[]): void {
    const known = this.#byText;
    this.#entries = ranges.map(
      (range) => known.get(rangeText(range)) ?? { range, sum: new RangeSum(), cursor: range.key },
    );
    this.#byText = new Map(this.#entries.map((entry) => [rangeText(entry.range), entry]));
    this.#index = new RangeIndex(this.#entries);
  }

  /** With `previous`, in the turn in which they were applied. */
  applied(deltas: readonly StateDelta[]): void {
    if (this.#entries.length === 0) return;
    for (const delta of deltas) {
      const entry = this.#index.find(delta.space, delta.key);
      if (entry === undefined || (entry.cursor !== null && delta.key >= entry.cursor)) continue;
      if (delta.previous !== null && delta.previous !== undefined) entry.sum.remove(delta.previous);
      if (delta.op === 'put') entry.sum.add(putValue(delta));
    }
  }

  /** The next piece of the scan; false: there is none left to do. */
  scan(): boolean {
    const entry = this.#entries.find(({ cursor }) => cursor !== null);
    if (entry === undefined || entry.cursor === null) return false;
    const { values, next } = scanPiece(this.#state, entry.range, entry.cursor, this.#keysPerPiece);
    for (const value of values) entry.sum.add(value);
    entry.cursor = next;
    return true;
  }

  /** As of now, of those of the ranges that are known. */
  digests(ranges: readonly KeyRange[]): readonly RangeDigest[] {
    return ranges.flatMap((range) => {
      const entry = this.#byText.get(rangeText(range));
      return entry === undefined || entry.cursor !== null ? [] : [entry.sum.of(range)];
    });
  }
}
