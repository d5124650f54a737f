import { type ByteString, prefixEnd } from '../../foundation/bytes.ts';
import { modelPrefix } from '../../node/prediction/model-keeper.ts';
import type { PredictionFeed, PredictionListener } from '../../node/prediction/prediction-feed.ts';
import { type Clock, nextTurn } from '../../ports/clock.ts';
import type { KeyValue, Space } from '../../ports/delta.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import { PolicyIndex, policyKeyPrefix, policyOfKey } from '../../state/policies.ts';
import type { HeldRange } from './held-range.ts';

const keysPerPage = 256;

export interface WarmFeedParts {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  /** As of the last mark. */
  readonly ranges: () => readonly HeldRange[];
}

/**
 * What a warm replica's predictor learns from: the critical keys as their changes come, policies and models of `system`, which it holds as a whole. It has no
 * history: the past of a key begins with the first change that it hears of.
 */
export class WarmFeed implements PredictionFeed, PredictionListener {
  readonly #parts: WarmFeedParts;
  readonly #listeners = new Set<PredictionListener>();
  #index: PolicyIndex | null = null;

  constructor(parts: WarmFeedParts) {
    this.#parts = parts;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get nodeLog(): NodeLog {
    return this.#parts.nodeLog;
  }

  readonly policies: PredictionFeed['policies'] = () =>
    this.#system(policyKeyPrefix).flatMap((each) => policyOfKey(each) ?? []);

  readonly policyFor: PredictionFeed['policyFor'] = (key) => {
    this.#index ??= new PolicyIndex(this.policies());
    return this.#index.for(key).predict;
  };

  readonly models: PredictionFeed['models'] = () => this.#system(modelPrefix);

  async *values(space: Space, prefix: ByteString): AsyncGenerator<readonly KeyValue[]> {
    const end = prefixEnd(prefix);
    const to = end === '\0' ? null : end;
    for (const held of this.#of(space)) {
      let from: ByteString | null = prefix;
      while (from !== null) {
        await nextTurn(this.#parts.clock);
        if (!this.#of(space).includes(held)) return;
        const page: readonly KeyValue[] = held.values(from, to, keysPerPage);
        if (page.length > 0) yield page;
        const last = page[keysPerPage - 1];
        from = last === undefined ? null : (`${last.key}\0` as ByteString);
      }
    }
  }

  async *recent(): AsyncGenerator<never> {}

  listen(listener: PredictionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async ready(): Promise<boolean> {
    await nextTurn(this.#parts.clock);
    return true;
  }

  applied(deltas: Parameters<PredictionListener['applied']>[0]): void {
    for (const listener of this.#listeners) listener.applied(deltas);
  }

  found(): void {
    this.#index = null;
    for (const listener of this.#listeners) listener.found();
  }

  replaced(): void {
    this.#index = null;
    for (const listener of this.#listeners) listener.replaced();
  }

  #of(space: Space): readonly HeldRange[] {
    return this.#parts.ranges().filter(({ range }) => range.space === space);
  }

  #system(prefix: ByteString): readonly KeyValue[] {
    const end = prefixEnd(prefix);
    return this.#of('system').flatMap((held) => held.values(prefix, end, Number.MAX_SAFE_INTEGER));
  }
}
