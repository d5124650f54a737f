import type { ByteString } from '../../foundation/bytes.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyValue, StateDelta } from '../../ports/delta.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { PredictableSpace, PredictPolicy } from '../../ports/prediction.ts';
import type { PolicyOfPrefix } from '../../state/policies.ts';

/** What a replica of any tier gives to its predictor: the keys that it holds, and every change of them. */
export interface PredictionFeed {
  readonly clock: Clock;
  readonly nodeLog: NodeLog;
  readonly policies: () => readonly PolicyOfPrefix[];
  /** Null: the key is not predicted. */
  readonly policyFor: (key: ByteString) => PredictPolicy | null;
  /** The keys of `model-keeper`. Null: the state cannot be read now, so nothing can be said. */
  readonly models: () => readonly Pick<KeyValue, 'key' | 'value' | 'modRevision'>[] | null;
  /** The latest values under a prefix, a page a turn of the event loop; ends early when the state is replaced meanwhile. */
  values(space: PredictableSpace, prefix: ByteString): AsyncIterable<readonly KeyValue[]>;
  /** The last changes up to now, oldest first, as far as they are cheaply found. */
  recent(space: PredictableSpace): AsyncIterable<readonly StateDelta[]>;
  /** Returns how to stop it. */
  listen(listener: PredictionListener): () => void;
  /** Resolves when the state may be read; false: never again. */
  ready(): Promise<boolean>;
}

/** Prefixes whose keys shall be predicted, the weightiest first. A longer prefix may except some of them again: `policyFor` decides. */
export function predictedPrefixes(
  policies: readonly PolicyOfPrefix[],
): readonly { readonly prefix: ByteString; readonly policy: PredictPolicy }[] {
  return policies
    .flatMap(({ prefix, policy: { predict } }) => (predict === null ? [] : [{ prefix, policy: predict }]))
    .sort((a, b) => b.policy.weight - a.policy.weight);
}

export interface PredictionListener {
  /** In the turn in which they were applied. */
  applied(deltas: readonly StateDelta[]): void;
  /** Policies, or models, came in another way than as changes. */
  found(): void;
  /** Everything is of another past from now on. */
  replaced(): void;
}
