import { defaultPredictPolicy } from '../../ports/prediction.ts';
import { Behaviour } from './behaviour/behaviour.ts';
import type { MemberUsage, Usage } from './behaviour/usage.ts';
import { KeyChanges } from './key-changes.ts';
import { KeySearch } from './key-search.ts';
import { KnownTime } from './known-time.ts';
import { MetPredictions } from './met-predictions.ts';
import { ModelKeeper, type ModelKeeperParts } from './model-keeper.ts';
import { Observations } from './observations.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import type { PredictionBudget, Predictor } from './predictor.ts';
import { PredictorCalls } from './predictor-calls.ts';
import { PromotionPredictions } from './promotion-predictions.ts';
import { ReadyPredictions } from './ready-predictions.ts';
import { ReadyTable } from './ready-table.ts';
import { Steady } from './steady.ts';
import { seriesBytes, TrackedKeys } from './tracked-keys.ts';

export interface OnlinePredictionParts {
  readonly feed: PredictionFeed;
  readonly predictor: Predictor;
  readonly budget: PredictionBudget;
  /** What the node uses of its machine; absent: only operations are known of its behaviour. */
  readonly usage?: () => Usage | null;
  /** What each member uses, alike on all of them; absent: only operations are known that keys may follow. */
  readonly members?: () => readonly MemberUsage[];
  /** See `KnownTime`. */
  readonly silentMs?: () => number | null;
  readonly models?: Pick<ModelKeeperParts, 'local' | 'publish'>;
}

/** What the thread takes before it has any series. */
const threadBytes = 64 * 1024 * 1024;

/** What predictions in a replica are made of, wired to each other. */
export class PredictionAssembly {
  readonly mostSeries: number;
  readonly keys: TrackedKeys;
  readonly observations: Observations;
  readonly table = new ReadyTable();
  readonly ready = new ReadyPredictions(this.table, () => this.known.ms);
  readonly steady: Steady;
  readonly known: KnownTime;
  readonly behaviour: Behaviour;
  readonly models: ModelKeeper;
  readonly calls: PredictorCalls;
  readonly search: KeySearch;
  readonly changes: KeyChanges;
  readonly promotion: PromotionPredictions;
  /** Those of failovers that met their truth. */
  readonly met = new MetPredictions();

  constructor(parts: OnlinePredictionParts, isClosed: () => boolean) {
    const { series, memoryMb } = parts.budget;
    const roomBytes = Math.max(0, memoryMb * 1024 * 1024 - threadBytes);
    const fitting = Math.floor(roomBytes / seriesBytes(defaultPredictPolicy.horizon));
    this.mostSeries = Math.min(series, fitting);
    this.keys = new TrackedKeys(series, roomBytes, (tracked) => this.changes.gone(tracked));
    this.observations = new Observations((id) => this.keys.withSeries(id));
    this.steady = new Steady(parts.feed.clock);
    this.known = new KnownTime({ ...parts, clock: parts.feed.clock, steady: this.steady });
    this.behaviour = new Behaviour({
      usage: parts.usage ?? (() => null),
      members: parts.members ?? (() => []),
    });
    this.models = new ModelKeeper({ feed: parts.feed, predictor: parts.predictor, ...parts.models });
    const inner = {
      ...parts,
      keys: this.keys,
      observations: this.observations,
      behaviour: this.behaviour,
      isClosed,
    };
    this.calls = new PredictorCalls({
      ...inner,
      table: this.table,
      ready: this.ready,
      models: () => this.models.names,
      timeMs: () => this.steady.nowMs(),
      lost: () => this.replaced(),
    });
    this.search = new KeySearch({
      ...inner,
      mostSeries: this.mostSeries,
      found: (ended) => {
        this.table.forget(ended);
        this.models.found();
      },
      changed: (delta, space) => this.changes.changed(delta, space),
      failed: (error) => this.calls.failed(error),
    });
    const shared = { ...inner, table: this.table, ready: this.ready };
    this.changes = new KeyChanges({ ...shared, search: () => this.search });
    this.promotion = new PromotionPredictions({
      ...shared,
      known: this.known,
      clock: parts.feed.clock,
      timeMs: () => this.steady.nowMs(),
      catchUp: () =>
        this.search.isLearning && !this.search.hasLearnt ? null : this.calls.catchUp(() => this.search.asks),
    });
  }

  /** The state, or the predictor, is another one: all is learnt anew. */
  replaced(): void {
    this.keys.clear();
    this.observations.clear();
    this.table.clear();
    this.ready.clear();
    this.calls.replaced();
    this.models.replaced();
    this.behaviour.tellAgain();
    this.search.replaced();
  }
}
