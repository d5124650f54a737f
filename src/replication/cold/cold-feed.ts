import { type ByteString, prefixEnd } from '../../foundation/bytes.ts';
import { modelPrefix } from '../../node/prediction/model-keeper.ts';
import type { PredictionFeed, PredictionListener } from '../../node/prediction/prediction-feed.ts';
import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import { PolicyIndex, type PolicyOfPrefix, policyKeyPrefix, policyOfKey } from '../../state/policies.ts';
import type { ColdStore } from './cold-store.ts';
import { isHeldSpace } from './keys.ts';
import { visibleRows } from './visible-rows.ts';

export interface ColdFeedParts {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly store: Pick<ColdStore, 'newest' | 'database'>;
}

interface Part {
  readonly deltas: readonly StateDelta[];
  readonly bytes: number;
}

/** Of what comes with one snapshot. */
const mostPastBytes = 16 * 1024 * 1024;
/** What a change takes beside its key and value. */
const deltaOverhead = 256;

/**
 * What a cold replica's predictor learns from: with each snapshot how the keys that are to be predicted changed since the one before. Policies and models are
 * those of the newest snapshot, read again when there is another one.
 */
export class ColdFeed implements PredictionFeed {
  readonly #parts: ColdFeedParts;
  readonly #listeners = new Set<PredictionListener>();
  #policies: readonly PolicyOfPrefix[] = [];
  #index = new PolicyIndex([]);
  #models: readonly KeyValue[] = [];
  #readOf: number | null = null;
  /** What came with the newest snapshot: for keys that nothing is known of yet. */
  #past: readonly (readonly StateDelta[])[] = [];
  /** What came so far with the one that is being taken. */
  #coming: Part[] = [];
  #comingBytes = 0;

  constructor(parts: ColdFeedParts) {
    this.#parts = parts;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get nodeLog(): NodeLog {
    return this.#parts.nodeLog;
  }

  readonly policies: PredictionFeed['policies'] = () => this.#policies;

  readonly policyFor: PredictionFeed['policyFor'] = (key) => this.#index.for(key).predict;

  readonly models: PredictionFeed['models'] = () => this.#models;

  async *values(space: Space, prefix: ByteString): AsyncGenerator<readonly KeyValue[]> {
    const { newest, database } = this.#parts.store;
    if (newest === null || !isHeldSpace(space)) return;
    const end = prefixEnd(prefix);
    const view = { space, generation: newest.generations[space], number: newest.number };
    yield* visibleRows(database, view, prefix, end === '\0' ? null : end);
  }

  /** What came with the newest snapshot. */
  async *recent(space: Space): AsyncGenerator<readonly StateDelta[]> {
    for (const deltas of this.#past) {
      yield deltas.filter((delta) => delta.space === space);
      await nextTurn(this.#parts.clock);
    }
  }

  listen(listener: PredictionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async ready(): Promise<boolean> {
    await nextTurn(this.#parts.clock);
    const number = this.#parts.store.newest?.number ?? null;
    if (number === this.#readOf) return true;
    const policies = await this.#system(policyKeyPrefix);
    this.#models = await this.#system(modelPrefix);
    this.#policies = policies.flatMap((each) => policyOfKey(each) ?? []);
    this.#index = new PolicyIndex(this.#policies);
    this.#readOf = number;
    return true;
  }

  /** A snapshot begins to come: what came with one that failed is void. */
  begun(): void {
    this.#coming = [];
    this.#comingBytes = 0;
  }

  /** How keys changed since the snapshot before. Nobody hears of it before that is there; of too much the oldest goes, up to the newest part. */
  past(deltas: readonly StateDelta[]): void {
    const bytes = deltas.reduce((sum, { key, value }) => sum + key.length + value.length + deltaOverhead, 0);
    this.#coming.push({ deltas, bytes });
    this.#comingBytes += bytes;
    while (this.#comingBytes > mostPastBytes && this.#coming.length > 1)
      this.#comingBytes -= this.#coming.shift()?.bytes ?? 0;
  }

  /** There is another snapshot. Resolves when all listeners heard of it, a part a turn of the event loop. */
  async taken(isOfAnotherLineage: boolean): Promise<void> {
    const parts = this.#coming.map(({ deltas }) => deltas);
    this.begun();
    this.#past = parts;
    for (const deltas of parts) {
      for (const listener of this.#listeners) listener.applied(deltas);
      await nextTurn(this.#parts.clock);
    }
    for (const listener of this.#listeners) {
      if (isOfAnotherLineage) listener.replaced();
      listener.found();
    }
  }

  async #system(prefix: ByteString): Promise<readonly KeyValue[]> {
    const found: KeyValue[] = [];
    for await (const page of this.values('system', prefix)) found.push(...page);
    return found;
  }
}
