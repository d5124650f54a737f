import { assert, present } from '../foundation/assert.ts';
import { type LogIndex, logIndex, type Term } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { LogEntry, LogPoint } from '../ports/log-store.ts';

/**
 * The log as the core sees it: its newest part in memory, and how far it was handed out to be stored, is durable, is committed, is
 * applied. Older entries (always applied ones) are only in the log store. Invariants:
 *   compacted ≤ applied ≤ taken ≤ min(commit, durable); durable ≤ handed ≤ last; memory holds (start, last] with start ≤ applied.
 */
export class RaftLog {
  /** Entries with index > `start`, from slot `head` on; the slots before it are garbage of trimming. */
  #entries: LogEntry[];
  #head = 0;
  #start: LogIndex;
  /** Null where the store handed over a tail whose predecessor it did not name. */
  #startTerm: Term | null;
  #compacted: LogPoint;
  #bytesApplied = 0;
  readonly #memoryBytes: number;

  handed: LogIndex;
  durable: LogIndex;
  commit: LogIndex;
  applied: LogIndex;
  /** The last entry given out to be applied. */
  taken: LogIndex;

  constructor(compacted: LogPoint, entries: readonly LogEntry[], applied: LogIndex, memoryBytes: number) {
    const first = entries[0];
    this.#entries = [...entries];
    this.#compacted = compacted;
    this.#memoryBytes = memoryBytes;
    this.#start = first === undefined ? compacted.index : logIndex(first.index - 1);
    this.#startTerm = this.#start === compacted.index ? compacted.term : null;
    assert(this.#start >= compacted.index, 'the log starts inside its compacted part');
    assert(this.#start <= applied && applied <= this.last, 'the log lacks entries that are not applied');
    for (const [i, entry] of entries.entries()) {
      assert(entry.index === this.#start + 1 + i, 'the log has a gap');
    }
    const last = this.last;
    this.handed = last;
    this.durable = last;
    this.commit = applied;
    this.taken = applied;
    this.applied = this.#start;
    this.setApplied(applied);
  }

  get last(): LogIndex {
    return (this.#start + this.#entries.length - this.#head) as LogIndex;
  }

  get lastPoint(): LogPoint {
    const index = this.last;
    return { index, term: this.termAt(index) ?? (0 as Term) };
  }

  /** The last index that the log store no longer has. */
  get compacted(): LogPoint {
    return this.#compacted;
  }

  /** The first index that memory holds. */
  get memoryFirst(): LogIndex {
    return (this.#start + 1) as LogIndex;
  }

  /** Null: not in memory (or beyond the end). */
  termAt(index: LogIndex): Term | null {
    if (index > this.#start) return this.#entries[this.#head + index - this.#start - 1]?.term ?? null;
    if (index === this.#start && this.#startTerm !== null) return this.#startTerm;
    if (index === this.#compacted.index) return this.#compacted.term;
    return index === 0 ? (0 as Term) : null;
  }

  entryAt(index: LogIndex): LogEntry | null {
    return index > this.#start ? (this.#entries[this.#head + index - this.#start - 1] ?? null) : null;
  }

  /** Entries in (after, to], all in memory, at least one, and as many as `maxBytes` hold. */
  slice(after: LogIndex, to: LogIndex, maxBytes: number): readonly LogEntry[] {
    if (to <= after) return noEntries;
    const from = this.#slot(after) + 1;
    const limit = this.#slot(to) + 1;
    let end = from;
    let bytes = 0;
    for (; end < limit; end++) {
      bytes += entryBytes(present(this.#entries[end], 'a slot within the log'));
      if (bytes > maxBytes && end > from) break;
    }
    return this.#entries.slice(from, end);
  }

  /** The leader's own append. */
  append(entry: LogEntry): void {
    assert(entry.index === this.last + 1, 'the leader appends at the end');
    this.#entries.push(entry);
  }

  /**
   * A follower's append (Raft §5.3 rule 3 and 4) of entries that follow a matching point. Returns the first index that was removed because it
   * conflicted, or null.
   */
  merge(entries: readonly LogEntry[]): LogIndex | null {
    let removed: LogIndex | null = null;
    for (const entry of entries) {
      if (entry.index <= this.commit) continue;
      if (entry.index <= this.last) {
        if (this.termAt(entry.index) === entry.term) continue;
        assert(removed === null || mutant.active !== null, 'a conflict shows once');
        removed ??= entry.index;
        if (mutant.active === 'keep-conflicting-suffix') {
          this.#entries[this.#slot(entry.index)] = entry;
          this.#unstable(entry.index);
          continue;
        }
        this.#truncate(entry.index);
      }
      this.append(entry);
    }
    return removed;
  }

  /** The largest index ≤ `index` whose term is ≤ `term`, or the last one whose term memory does not hold (Raft §5.3, fast back-up). */
  findConflict(index: LogIndex, term: Term): LogPoint {
    let low = Math.max(this.#start, this.#compacted.index);
    let high = Math.min(index, this.last);
    if (high <= low)
      return { index: Math.max(high, 0) as LogIndex, term: this.termAt(high as LogIndex) ?? (0 as Term) };
    // Terms never fall along the log.
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.termAt(middle as LogIndex) ?? 0) <= term) low = middle;
      else high = middle - 1;
    }
    return { index: low as LogIndex, term: this.termAt(low as LogIndex) ?? (0 as Term) };
  }

  setApplied(index: LogIndex): void {
    assert(index <= this.taken, 'only what was handed out can be applied');
    for (let i = this.applied + 1; i <= index; i++) {
      const entry = this.entryAt(i as LogIndex);
      if (entry !== null) this.#bytesApplied += entryBytes(entry);
    }
    if (index > this.applied) this.applied = index;
    this.#trim();
  }

  /** The log store dropped everything ≤ `point`. Memory may still hold some of it, and may go on serving it. */
  setCompacted(point: LogPoint): void {
    assert(point.index <= this.applied, 'only applied entries are compacted');
    if (point.index > this.#compacted.index) this.#compacted = point;
  }

  /** Everything is replaced by a snapshot. */
  reset(point: LogPoint): void {
    this.#entries = [];
    this.#head = 0;
    this.#start = point.index;
    this.#startTerm = point.term;
    this.#compacted = point;
    this.#bytesApplied = 0;
    this.handed = point.index;
    this.durable = point.index;
    this.commit = point.index;
    this.applied = point.index;
    this.taken = point.index;
  }

  #slot(index: LogIndex): number {
    return this.#head + index - this.#start - 1;
  }

  #truncate(from: LogIndex): void {
    assert(from > this.commit, 'a committed entry is never removed');
    this.#entries.length = this.#slot(from);
    this.#unstable(from);
  }

  #unstable(from: LogIndex): void {
    const before = (from - 1) as LogIndex;
    if (this.handed > before) this.handed = before;
    if (this.durable > before) this.durable = before;
  }

  #trim(): void {
    while (this.#bytesApplied > this.#memoryBytes && this.#start < this.applied) {
      const entry = present(this.#entries[this.#head], 'an applied entry in memory');
      this.#bytesApplied -= entryBytes(entry);
      this.#start = entry.index;
      this.#startTerm = entry.term;
      this.#head++;
    }
    // One move of the rest for every 1,024 trimmed entries or more: constant cost an entry.
    if (this.#head >= 1024 && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

const noEntries: readonly LogEntry[] = [];

/** What an entry counts towards every limit: its payload and a flat share for what goes with it. */
export function entryBytes(entry: LogEntry): number {
  return entry.payload.length + 32;
}
