import type { LeaseId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { DatabaseChange } from '../../ports/database.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import type { MemberFacts } from '../../ports/membership.ts';
import type { Held, KeyRange, Lineage, Mark, StreamPart } from '../../ports/replication.ts';
import { rangeText } from '../range-index.ts';
import { compareDigests, type WrongRange } from './compare-digests.ts';
import { HeldLeases } from './held-leases.ts';
import { HeldRange } from './held-range.ts';
import { Takeover } from './takeover.ts';
import { metaRow, noMetaRow, rangeRow, type WarmMeta } from './warm-meta.ts';
import type { WarmReads } from './warm-reads.ts';
import { deleteRow, putRow } from './warm-rows.ts';
import { membersRow, noMembersRow, type WarmContent, type WarmStore } from './warm-store.ts';
import type { WarmWatches } from './warm-watches.ts';

/** Changes taken over in one turn: about a millisecond. */
const changesPerTurn = 1024;
/** A range of which more changed is written anew in pieces, under another generation: no batch holds the event loop. */
const changesPerBatch = 8192;
/** Rows of what is told from the beginning are written in batches of about this. */
const earlyBytes = 256 * 1024;

/** A range whose digest is not the source's. */
export interface Divergence {
  readonly range: KeyRange;
  readonly reason: string;
}

export interface WarmStateOptions {
  readonly store: WarmStore;
  readonly reads: WarmReads;
  readonly watches: WarmWatches;
  readonly turn: () => Promise<void>;
  /** Writes the changes, in order; waits for room on a full disk. */
  readonly write: (changes: readonly DatabaseChange[]) => Promise<void>;
}

/**
 * What a warm replica holds, in memory and in rows; it moves from mark to mark.
 *
 * 1. Readers see marks only, and each range as of the mark: what came since waits in a `Takeover`.
 * 2. A mark with all of its rows is one atomic batch. Rows of a range that is told from the beginning go earlier, under a generation that nothing
 *    refers to before the mark.
 * 3. A range whose digest is not the source's is held no more from that very mark on, before anyone reads it.
 * 4. Without a mark there is nothing, neither ranges nor leases nor members: who knows members of no mark would take them for facts of a lineage, and hear
 *    nobody's word on what it is to be.
 */
export class WarmState {
  readonly #options: WarmStateOptions;
  #meta: WarmMeta | null;
  #ranges: readonly HeldRange[];
  readonly #leases: HeldLeases;
  #members: readonly MemberFacts[];
  #takeover: Takeover;
  #digestChecks = 0;
  #marking: Promise<unknown> = Promise.resolve();

  constructor(options: WarmStateOptions, content: WarmContent) {
    this.#options = options;
    this.#meta = content.meta;
    this.#ranges = content.ranges;
    this.#leases = new HeldLeases(content.leases);
    this.#members = content.members;
    this.#takeover = this.#newTakeover();
    this.#show();
  }

  get meta(): WarmMeta | null {
    return this.#meta;
  }

  get ranges(): readonly HeldRange[] {
    return this.#ranges;
  }

  get leases(): ReadonlyMap<LeaseId, number> {
    return this.#leases.ttls;
  }

  get members(): readonly MemberFacts[] {
    return this.#members;
  }

  /** Digests of ranges compared with the source's. */
  get digestChecks(): number {
    return this.#digestChecks;
  }

  get held(): Held | null {
    if (this.#meta === null) return null;
    const { lineage, revisions } = this.#meta;
    return { lineage, revisions, ranges: this.#ranges.map(({ range }) => range) };
  }

  /** Nothing of what is held is to be trusted: it is evidence from now on, and nobody reads it. */
  async discard(reason: string): Promise<void> {
    const rows = await this.#letGo(reason);
    // Readers wait for no room on the disk.
    await this.#options.write([...rows, noMembersRow, noMetaRow]);
  }

  /** The same where the database itself is damaged. Errors: `storage-failed`. */
  async discardDatabase(reason: string): Promise<void> {
    await this.#letGo(reason);
    await this.#options.store.beginAnew();
  }

  async #letGo(reason: string): Promise<readonly DatabaseChange[]> {
    const { reads, store } = this.#options;
    const rows: DatabaseChange[] = [];
    this.begin();
    await reads.exclusively(async () => {
      for (const { generation, range } of this.#ranges)
        rows.push(...store.setAside(generation, range, reason));
      this.#leases.letGo(rows);
      this.#ranges = [];
      if (mutant.active !== 'members-outlive-mark') this.#members = [];
      this.#meta = null;
      this.#takeover = this.#newTakeover();
      this.#show();
    });
    return rows;
  }

  /** A stream begins: what the last one left unfinished is void. */
  begin(): void {
    for (const { generation } of this.#takeover.allStaged()) this.#options.store.dropped(generation);
    this.#takeover = this.#newTakeover();
  }

  /** Resolves when what is to be written of it is. */
  async take(part: Exclude<StreamPart, { readonly kind: 'mark' }>): Promise<void> {
    this.#takeover.take(part);
    const rows = this.#takeover.takeRows(earlyBytes);
    if (rows.length > 0) await this.#options.write(rows);
  }

  /** Takes over all that came since the last mark. Resolves to what was found wrong, which is held no more. */
  mark(mark: Mark): Promise<readonly Divergence[]> {
    return this.between(() => this.#mark(mark));
  }

  /** What is done between two marks sees memory and rows of the same one. */
  between<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#marking.then(act);
    this.#marking = done.catch(() => undefined);
    return done;
  }

  /** What is held, to readers and watchers. */
  #show(): void {
    this.#options.reads.setRanges(this.#ranges);
    this.#options.watches.setRanges(this.#ranges);
  }

  async #mark(mark: Mark): Promise<readonly Divergence[]> {
    const { reads, watches, store } = this.#options;
    const takeover = this.#takeover;
    const lineage = takeover.ranges?.lineage ?? this.#meta?.lineage;
    if (lineage === undefined) return [];
    const { ranges, dropped } = this.#rangesAfter(takeover, lineage);
    const rows: DatabaseChange[] = [...takeover.takeRows(0)];
    const touched = new Set<HeldRange>(takeover.allStaged());
    let wrong: readonly WrongRange[] = [];
    const finish = (): void => {
      for (const range of ranges) range.readRevision = mark.revisions[range.range.space];
      const compared = compareDigests(ranges, mark);
      this.#digestChecks += compared.checks;
      wrong = compared.wrong;
      const found = new Set(wrong.map(({ held }) => held));
      const after = found.size === 0 ? ranges : ranges.filter((range) => !found.has(range));
      if (after !== this.#ranges) {
        this.#ranges = after;
        this.#show();
      }
      watches.marked(takeover.changes, mark.revisions, this.#meta?.revisions ?? null);
    };
    if (takeover.count <= changesPerTurn && reads.isQuiet) {
      for (const step of this.#steps(takeover, ranges, touched, rows)) step();
      finish();
    } else {
      await reads.exclusively(async () => {
        for (const step of this.#steps(takeover, ranges, touched, rows)) {
          step();
          await this.#options.turn();
        }
        finish();
      });
    }
    const replaced: number[] = [];
    for (const [held, { size }] of takeover.changes) {
      if (size <= changesPerBatch || !this.#ranges.includes(held)) continue;
      replaced.push(held.generation);
      held.generation = store.newGeneration();
      await this.#rewrite(held);
    }
    // What the last mark refers to is tidied away only behind the batch that refers to it no more.
    for (const generation of replaced) rows.push(...store.dropped(generation));
    for (const range of touched) if (this.#ranges.includes(range)) rows.push(rangeRow(range));
    for (const { generation } of dropped) rows.push(...store.dropped(generation));
    for (const { held, reason } of wrong) rows.push(...store.setAside(held.generation, held.range, reason));
    this.#leases.take(takeover, rows);
    if (takeover.members !== null) {
      this.#members = takeover.members;
      rows.push(membersRow(takeover.members));
    }
    const { revisions, compacted, leaderRevisions, index, timeMs } = mark;
    this.#meta = { lineage, revisions, compacted, leaderRevisions, index, timeMs };
    this.#takeover = this.#newTakeover();
    if (mutant.active === 'warm-mark-before-deltas') await this.#options.write([metaRow(this.#meta)]);
    await this.#options.write([...rows, metaRow(this.#meta)]);
    return wrong.map(({ held, reason }) => ({ range: held.range, reason }));
  }

  /** All rows of a range, under its generation. */
  async #rewrite(held: HeldRange): Promise<void> {
    let from = held.range.key;
    for (;;) {
      if (!this.#ranges.includes(held)) return;
      const keys = held.keys(from, null, changesPerTurn);
      const rows = keys.flatMap((key) => {
        const value = held.get(key);
        return value === null ? [] : [putRow(held.generation, value)];
      });
      await this.#options.write(rows);
      const last = keys[changesPerTurn - 1];
      if (last === undefined) return;
      from = `${last}\0` as typeof from;
    }
  }

  #newTakeover(): Takeover {
    const { store } = this.#options;
    const none = this.#meta?.revisions.user ?? (0 as never);
    return new Takeover(this.#ranges, (range) => new HeldRange(range, store.newGeneration(), none));
  }

  /** What is held after the mark, and what is not any more. */
  #rangesAfter(
    takeover: Takeover,
    lineage: Lineage,
  ): { readonly ranges: readonly HeldRange[]; readonly dropped: readonly HeldRange[] } {
    const before = this.#meta?.lineage;
    const goesOn = before !== undefined && sameLineage(before, lineage);
    if (goesOn && takeover.ranges === null && !takeover.hasStaged)
      return { ranges: this.#ranges, dropped: [] };
    const held = new Map(goesOn ? this.#ranges.map((one) => [rangeText(one.range), one]) : []);
    for (const staged of takeover.allStaged()) held.set(rangeText(staged.range), staged);
    const wanted = takeover.ranges?.ranges.map(rangeText) ?? [...held.keys()];
    if (mutant.active === 'warm-keeps-lost-ranges') wanted.push(...held.keys());
    const ranges = new Set(wanted.flatMap((text) => held.get(text) ?? []));
    const old = [...this.#ranges, ...takeover.allStaged()];
    return { ranges: [...ranges], dropped: old.filter((held) => !ranges.has(held)) };
  }

  /** The changes of ranges that go on, into memory and rows, a turn's worth each. */
  *#steps(
    takeover: Takeover,
    ranges: readonly HeldRange[],
    touched: Set<HeldRange>,
    rows: DatabaseChange[],
  ): Generator<() => void> {
    for (const [held, changes] of takeover.changes) {
      if (!ranges.includes(held)) continue;
      touched.add(held);
      const entries = [...changes];
      for (let at = 0; at < entries.length; at += changesPerTurn)
        yield () => {
          for (const [key, value] of entries.slice(at, at + changesPerTurn)) {
            if (value === null) held.delete(key);
            else held.put(value);
            if (entries.length > changesPerBatch) continue;
            rows.push(value === null ? deleteRow(held.generation, key) : putRow(held.generation, value));
          }
        };
    }
  }
}
