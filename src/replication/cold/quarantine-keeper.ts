import { TanistError } from '../../foundation/errors.ts';
import type { Database } from '../../ports/database.ts';
import { Damage } from './damage.ts';
import { heldSpaces } from './keys.ts';
import type { Generation, Quarantine, SnapshotIndex } from './snapshot-index.ts';
import { emptyState, loadState, putEvidence, putState, type StoreState } from './store-state.ts';

/**
 * What a cold replica has found wrong with what it stores, and the evidence of it; durable before anyone is told. What is quarantined is served no more
 * (`SnapshotIndex`); where the newest snapshot is touched, the next one is a base.
 */
export class QuarantineKeeper {
  readonly #database: Database;
  readonly #index: SnapshotIndex;
  readonly #wallMs: () => number;
  #state: StoreState = emptyState;

  constructor(database: Database, index: SnapshotIndex, wallMs: () => number) {
    this.#database = database;
    this.#index = index;
    this.#wallMs = wallMs;
  }

  /** After the snapshots. Null: what was found before is known; otherwise why it is not. */
  async load(): Promise<Damage | null> {
    const state = await loadState(this.#database);
    let problem: Damage | null = null;
    if (state === null || state === 'altered') {
      if (state === 'altered' || this.#index.list.length > 0)
        problem = new Damage('the state record was altered or is missing', null);
      await this.#database.write([putState(emptyState)], { sync: true });
    } else this.#state = state;
    this.#index.setQuarantined(this.#state.quarantined);
    return problem;
  }

  get all(): readonly Quarantine[] {
    return this.#state.quarantined;
  }

  /** Why what is held is not gone on from; null: it is. */
  get needsBase(): string | null {
    return this.#state.needsBase;
  }

  /** Null: fine. Otherwise what is not served, or not gone on from, and why. */
  get trouble(): string | null {
    const { quarantined, needsBase } = this.#state;
    const first = quarantined[0];
    if (first !== undefined) return `space ${first.space} is damaged and is fetched anew: ${first.why}`;
    return needsBase;
  }

  /** Of the generations that are quarantined or kept the latest; 0: there are none. */
  get lastGeneration(): number {
    const { kept, quarantined } = this.#state;
    return Math.max(0, ...[...kept, ...quarantined].map(({ generation }) => generation));
  }

  has(one: Generation): boolean {
    return includes(this.#state.quarantined, one);
  }

  /** Its rows are evidence. */
  keeps(one: Generation): boolean {
    return includes(this.#state.kept, one);
  }

  /** Keeps the evidence; what the damage touches is served no more, and the next snapshot is a base. Returns what a reader is told. */
  async add({ message, where, row }: Damage): Promise<TanistError> {
    const newest = this.#index.newest;
    const atMs = this.#wallMs();
    const touched: Quarantine[] = [];
    if (where !== null) touched.push({ ...where, why: message, atMs });
    else if (newest !== null)
      for (const space of heldSpaces)
        touched.push({ space, generation: newest.generations[space], why: message, atMs });
    const isNewest = touched.some(({ space, generation }) => newest?.generations[space] === generation);
    const fresh = touched.filter((one) => !this.has(one));
    const quarantined = [...this.#state.quarantined, ...fresh];
    this.#index.setQuarantined(quarantined);
    const kept = where === null || this.keeps(where) ? this.#state.kept : [where];
    this.#state = {
      ...this.#state,
      quarantined,
      needsBase: isNewest ? message : this.#state.needsBase,
      kept,
    };
    await this.note(message, row);
    // A list that can't be read would stand in the way for ever. What it would have taken away goes with its generation.
    if (where === null && row !== null)
      await this.#database.write([{ type: 'del', key: row.key }], { sync: true });
    return new TanistError(
      'under-doubt',
      `this cold replica found itself damaged (${message}) and fetches its content anew: ask another one, or later`,
    );
  }

  /** What is held is served on, and not gone on from. */
  async needBase(why: string): Promise<void> {
    this.#state = { ...this.#state, needsBase: why };
    await this.note(why, null);
  }

  /** Evidence alone. */
  async note(what: string, row: Damage['row'] = null): Promise<void> {
    const number = this.#state.evidence;
    this.#state = { ...this.#state, evidence: number + 1 };
    const evidence = putEvidence(number, this.#wallMs(), what, row);
    await this.#database.write([...evidence, putState(this.#state)], { sync: true });
  }

  /** A base is there, and nothing of before is held. */
  end(): Promise<void> {
    return this.#setState({ ...this.#state, quarantined: [], needsBase: null });
  }

  /** Evidence takes no room that a snapshot needs. What fails here is for the next attempt. */
  async forgetKept(): Promise<void> {
    if (this.#state.kept.length === 0) return;
    await this.#setState({ ...this.#state, kept: [] }).catch(() => undefined);
  }

  async #setState(state: StoreState): Promise<void> {
    this.#state = state;
    this.#index.setQuarantined(state.quarantined);
    await this.#database.write([putState(state)], { sync: true });
  }
}

function includes(all: readonly Generation[], { space, generation }: Generation): boolean {
  return all.some((one) => one.space === space && one.generation === generation);
}
