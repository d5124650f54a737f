import type { ByteString } from '../../foundation/bytes.ts';
import type { LeaseId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import type { KeyValue, StateDelta } from '../../ports/delta.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { KeyRange, Lineage, StreamPart } from '../../ports/replication.ts';
import { RangeIndex, rangeText } from '../range-index.ts';
import { putValue } from '../range-sum.ts';
import type { HeldRange } from './held-range.ts';
import { deleteRow, putRow } from './warm-rows.ts';

/** What came since the last mark, and is not taken over yet. */
export class Takeover {
  readonly #held: readonly HeldRange[];
  readonly #newRange: (range: KeyRange) => HeldRange;
  /** Told from the beginning, by `rangeText`. */
  readonly #staged = new Map<string, HeldRange>();
  #index: RangeIndex<HeldRange>;
  /** Of each key of a range that goes on the last change; null: it is deleted. */
  readonly changes = new Map<HeldRange, Map<ByteString, KeyValue | null>>();
  #rows: DatabaseChange[] = [];
  #rowBytes = 0;
  /** Of the leases that there are, or of all where `allLeases`. */
  readonly leases = new Map<LeaseId, number | null>();
  allLeases = false;
  members: readonly MemberFacts[] | null = null;
  /** What the stream is about from now on; null: as before. */
  ranges: { readonly lineage: Lineage; readonly ranges: readonly KeyRange[] } | null = null;
  /** Keys told. */
  count = 0;

  /** `held`: what goes on. `newRange` makes an empty one to be told from the beginning. */
  constructor(held: readonly HeldRange[], newRange: (range: KeyRange) => HeldRange) {
    this.#held = held;
    this.#newRange = newRange;
    this.#index = new RangeIndex(held);
  }

  take(part: Exclude<StreamPart, { readonly kind: 'mark' }>): void {
    switch (part.kind) {
      case 'ranges':
        this.ranges = { lineage: part.lineage, ranges: part.ranges };
        return;
      case 'replace':
        this.#replace(part.range);
        return;
      case 'values':
        for (const value of part.values) this.#stage(this.#index.find(part.space, value.key), value);
        return;
      case 'deltas':
        for (const delta of part.deltas) this.#change(delta);
        return;
      case 'leases':
        if (part.all) {
          this.leases.clear();
          this.allLeases = true;
        }
        for (const { id, ttlMs } of part.granted) this.leases.set(id, ttlMs);
        for (const id of part.ended) this.leases.set(id, null);
        return;
      case 'members':
        this.members = part.members;
        return;
      case 'past':
        return;
    }
  }

  /** Rows of what is told from the beginning: they may be written early, since nothing refers to them before the mark. */
  takeRows(least: number): readonly DatabaseChange[] {
    if (this.#rowBytes < least) return [];
    const rows = this.#rows;
    this.#rows = [];
    this.#rowBytes = 0;
    return rows;
  }

  staged(range: KeyRange): HeldRange | undefined {
    return this.#staged.get(rangeText(range));
  }

  get hasStaged(): boolean {
    return this.#staged.size > 0;
  }

  /** Ranges that were begun and are of no use. */
  allStaged(): Iterable<HeldRange> {
    return this.#staged.values();
  }

  #replace(range: KeyRange): void {
    if (mutant.active === 'replace-keeps-old-values' && this.#index.covering(range) !== undefined) return;
    this.#staged.set(rangeText(range), this.#newRange(range));
    // What else lies there is not what the stream is about any more.
    const staged = [...this.#staged.values()];
    const wanted = this.ranges?.ranges.map(rangeText) ?? null;
    const going = this.#held.filter(
      (held) =>
        !this.#staged.has(rangeText(held.range)) &&
        (wanted === null || wanted.includes(rangeText(held.range))),
    );
    const current = staged.filter((held) => wanted === null || wanted.includes(rangeText(held.range)));
    this.#index = new RangeIndex([...going, ...current]);
  }

  #change(delta: StateDelta): void {
    const held = this.#index.find(delta.space, delta.key);
    if (held === undefined) return;
    const value = delta.op === 'put' ? putValue(delta) : null;
    if (this.#staged.get(rangeText(held.range)) === held) {
      if (value !== null) this.#stage(held, value);
      else {
        held.delete(delta.key);
        this.#rows.push(deleteRow(held.generation, delta.key));
        this.#rowBytes += delta.key.length + 32;
      }
      return;
    }
    this.count += 1;
    const own = this.changes.get(held);
    if (own === undefined) this.changes.set(held, new Map([[delta.key, value]]));
    else own.set(delta.key, value);
  }

  #stage(held: HeldRange | undefined, value: KeyValue): void {
    if (held === undefined) return;
    held.put(value);
    this.#rows.push(putRow(held.generation, value));
    this.#rowBytes += value.key.length + value.value.length + 64;
  }
}
