import { TanistError } from '../../foundation/errors.ts';
import { sameLineage } from '../../ports/lineage-order.ts';
import { type HeldSpace, heldSpaces } from './keys.ts';
import { revisionOf, type SnapshotRecord } from './snapshot-record.ts';

export interface Generation {
  readonly space: HeldSpace;
  readonly generation: number;
}

/** Rows of a space that are not to be trusted. */
export interface Quarantine extends Generation {
  readonly why: string;
  readonly atMs: number;
}

/** All that a cold replica holds in memory: its snapshots, oldest first; which of them are being read; what is quarantined. */
export class SnapshotIndex {
  readonly #snapshots: SnapshotRecord[] = [];
  readonly #pins = new Map<number, number>();
  #quarantined: readonly Quarantine[] = [];

  get list(): readonly SnapshotRecord[] {
    return this.#snapshots;
  }

  get newest(): SnapshotRecord | null {
    return this.#snapshots.at(-1) ?? null;
  }

  get oldest(): SnapshotRecord | null {
    return this.#snapshots[0] ?? null;
  }

  get quarantined(): readonly Quarantine[] {
    return this.#quarantined;
  }

  add(snapshot: SnapshotRecord): void {
    this.#snapshots.push(snapshot);
  }

  remove(snapshots: readonly SnapshotRecord[]): void {
    const left = this.#snapshots.filter((one) => !snapshots.includes(one));
    this.#snapshots.splice(0, this.#snapshots.length, ...left);
  }

  /** Those that were removed, and are there still. */
  putBack(snapshots: readonly SnapshotRecord[]): void {
    this.#snapshots.push(...snapshots);
    this.#snapshots.sort((left, right) => left.number - right.number);
  }

  setQuarantined(quarantined: readonly Quarantine[]): void {
    this.#quarantined = quarantined;
  }

  quarantineOf(space: HeldSpace, snapshot: SnapshotRecord): Quarantine | null {
    const generation = snapshot.generations[space];
    return this.#quarantined.find((one) => one.space === space && one.generation === generation) ?? null;
  }

  isTrusted(space: HeldSpace, snapshot: SnapshotRecord): boolean {
    return this.#snapshots.includes(snapshot) && this.quarantineOf(space, snapshot) === null;
  }

  /** Generations that a snapshot reads. */
  generations(space: HeldSpace): ReadonlySet<number> {
    return new Set(this.#snapshots.map(({ generations }) => generations[space]));
  }

  pin(number: number): () => void {
    this.#pins.set(number, (this.#pins.get(number) ?? 0) + 1);
    let pinned = true;
    return () => {
      if (!pinned) return;
      pinned = false;
      const left = (this.#pins.get(number) ?? 1) - 1;
      if (left === 0) this.#pins.delete(number);
      else this.#pins.set(number, left);
    };
  }

  readonly isPinned = (number: number): boolean => this.#pins.has(number);

  /**
   * The snapshot that a read at this revision of the space (0: the latest) is of. Errors: `starting` (nothing yet), `revision-future`,
   * `revision-compacted` (older than all, or between two), `under-doubt`.
   */
  readable(space: HeldSpace, at: number): SnapshotRecord {
    const newest = this.newest;
    if (newest === null)
      throw new TanistError(
        'starting',
        'this cold replica has no snapshot yet; ask again once it has fetched one',
      );
    const found = at === 0 ? newest : this.#atRevision(space, at, newest);
    const quarantine = this.quarantineOf(space, found);
    if (quarantine === null) return found;
    throw new TanistError(
      'under-doubt',
      `this cold replica found its snapshots of space ${space} damaged (${quarantine.why}) and fetches them anew: ask another one, or later`,
    );
  }

  #atRevision(space: HeldSpace, at: number, newest: SnapshotRecord): SnapshotRecord {
    const latest = revisionOf(newest, space);
    if (at > latest)
      throw new TanistError(
        'revision-future',
        `revision ${at} is not there yet; this cold replica's latest is ${latest}`,
      );
    const found = this.#snapshots.findLast((one) => revisionOf(one, space) === at);
    if (found !== undefined) return found;
    const held = [...new Set(this.#snapshots.map((one) => revisionOf(one, space)))];
    throw new TanistError(
      'revision-compacted',
      `revision ${at} is not that of a snapshot; this cold replica has ${held.slice(-12).join(', ')}: read at one of them`,
    );
  }

  /** What is known wrong with the chain of checksums; null: nothing. A snapshot before the oldest one is not there any more, by retention. */
  broken(): string | null {
    for (const [i, snapshot] of this.#snapshots.entries()) {
      const before = this.#snapshots[i - 1];
      if (before === undefined || snapshot.from === null) continue;
      if (snapshot.from.number === before.number && snapshot.from.checksum === before.checksum) continue;
      return `snapshot ${snapshot.number} does not follow snapshot ${before.number}`;
    }
    return null;
  }

  /** Whether the newest may be gone on from. */
  canGoOn(lineage: SnapshotRecord['lineage']): boolean {
    const newest = this.newest;
    if (newest === null || !sameLineage(newest.lineage, lineage)) return false;
    return heldSpaces.every((space) => this.quarantineOf(space, newest) === null);
  }
}
