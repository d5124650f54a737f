import type { StateDelta } from '../../ports/delta.ts';
import type { PredictableSpace } from '../../ports/prediction.ts';
import type { KeySearch } from './key-search.ts';
import type { Observations } from './observations.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import { readable } from './readable.ts';
import type { ReadyPredictions } from './ready-predictions.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKey, TrackedKeys } from './tracked-keys.ts';

export interface KeyChangesParts {
  readonly feed: Pick<PredictionFeed, 'policyFor'>;
  readonly keys: TrackedKeys;
  readonly observations: Pick<Observations, 'add'>;
  readonly table: Pick<ReadyTable, 'forget'>;
  readonly ready: Pick<ReadyPredictions, 'changed' | 'forget'>;
  /** Looks for keys, where one change is not enough to know which are to be forecast. */
  readonly search: () => Pick<KeySearch, 'wanted' | 'roomCame' | 'round'>;
}

/** What a change of a key means for what is forecast: a new series, a value of one, or its end. */
export class KeyChanges {
  readonly #parts: KeyChangesParts;

  constructor(parts: KeyChangesParts) {
    this.#parts = parts;
  }

  changed({ op, key, value, timeMs, revision, version }: StateDelta, space: PredictableSpace): void {
    const { feed, keys, observations, ready, search } = this.#parts;
    let tracked = keys.of(space, key);
    if (op === 'delete') {
      if (tracked !== null) keys.forget(space, key);
      else if (keys.refused > 0 && feed.policyFor(key) !== null) keys.unrefuse();
      return;
    }
    if (tracked === null) {
      const policy = feed.policyFor(key);
      if (policy === null) return;
      tracked = keys.track(space, key, policy);
      if (tracked === null) {
        if (version === 1) keys.refuse();
        // It weighs more than one that is there.
        if (policy.weight > keys.lightest()) search().wanted();
        return;
      }
      tracked.round = search().round;
    }
    tracked.value = readable(value, tracked.fields);
    tracked.modRevision = revision;
    tracked.timeMs = timeMs;
    ready.changed(tracked);
    observations.add(tracked, timeMs, value, revision);
  }

  /** A key is forecast no more. */
  gone(tracked: TrackedKey): void {
    const { table, ready, search } = this.#parts;
    search().roomCame();
    ready.forget(tracked);
    table.forget(tracked.fields.map(({ id }) => id));
  }
}
