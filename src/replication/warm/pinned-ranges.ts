import type { ByteString } from '../../foundation/bytes.ts';
import type { Revision } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyValue, Space } from '../../ports/delta.ts';
import type { Held } from '../../ports/replication.ts';
import type { PinnedValues } from '../promotion/image-source.ts';
import { RangeIndex } from '../range-index.ts';
import type { HeldRange } from './held-range.ts';
import type { WarmState } from './warm-state.ts';

/** A mark takes far less, unless the disk is full. */
const patienceMs = 1000;

/** Ranges as of the mark at which they were pinned: what is replaced or deleted later is kept beside them. Costs the values that change meanwhile. */
export class PinnedRanges implements PinnedValues {
  readonly held: Held;
  readonly #ranges: readonly HeldRange[];
  readonly #index: RangeIndex<HeldRange>;
  readonly #superseded = new Map<HeldRange, Map<ByteString, KeyValue>>();

  constructor(held: Held, ranges: readonly HeldRange[]) {
    this.held = held;
    this.#ranges = ranges;
    this.#index = new RangeIndex(ranges);
    for (const range of ranges) {
      const kept = new Map<ByteString, KeyValue>();
      this.#superseded.set(range, kept);
      const last = held.revisions[range.range.space];
      range.supersedes = (before) => {
        if (before.modRevision <= last) kept.set(before.key, before);
      };
    }
  }

  readonly find = (space: Space, key: ByteString, revision: Revision): ByteString | null => {
    const range = this.#index.find(space, key);
    if (range === undefined) return null;
    const found = this.#superseded.get(range)?.get(key) ?? range.get(key);
    return found?.modRevision === revision ? found.value : null;
  };

  release(): void {
    for (const range of this.#ranges) range.supersedes = null;
    this.#superseded.clear();
  }
}

/** Between two marks. Null: nothing is held, or the mark under way does not end. */
export function pinRanges(
  state: Pick<WarmState, 'held' | 'ranges' | 'between'>,
  clock: Clock,
): Promise<PinnedRanges | null> {
  return new Promise((resolve) => {
    let isOver = false;
    const timer = clock.after(patienceMs, () => {
      isOver = true;
      resolve(null);
    });
    void state.between(async () => {
      if (isOver) return;
      timer.cancel();
      const { held, ranges } = state;
      resolve(held === null ? null : new PinnedRanges(held, ranges));
    });
  });
}
