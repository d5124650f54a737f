import type { ByteString } from '../../foundation/bytes.ts';
import type { Timer } from '../../ports/clock.ts';
import type { KeyValue, Space, StateDelta } from '../../ports/delta.ts';
import {
  defaultPredictPolicy,
  isPredictable,
  type PredictableSpace,
  type Prediction,
  type PredictionSource,
} from '../../ports/prediction.ts';
import type { PredictionStatus, PredictorState } from '../../ports/prediction-status.ts';
import type { EngineFigures } from '../../prediction/online/messages.ts';
import type { TableRow } from '../../prediction/online/table-row.ts';
import { Behaviour } from './behaviour/behaviour.ts';
import type { MemberUsage, Usage } from './behaviour/usage.ts';
import { type ExpectedAt, expectedOf } from './expected.ts';
import { KeyChanges } from './key-changes.ts';
import { KeySearch } from './key-search.ts';
import { MetPredictions } from './met-predictions.ts';
import { ModelKeeper, type ModelKeeperParts } from './model-keeper.ts';
import type { SaidOfModel } from './model-report.ts';
import { Observations } from './observations.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import { statusOf } from './prediction-status-of.ts';
import type { PredictionBudget, Predictor } from './predictor.ts';
import { PredictorCalls } from './predictor-calls.ts';
import { PromotionPredictions } from './promotion-predictions.ts';
import { ScanBudget } from './readable.ts';
import { ReadyPredictions } from './ready-predictions.ts';
import { ReadyTable } from './ready-table.ts';
import { Steady } from './steady.ts';
import { seriesBytes, type TrackedKey, TrackedKeys } from './tracked-keys.ts';

export interface OnlinePredictionParts {
  readonly feed: PredictionFeed;
  readonly predictor: Predictor;
  readonly budget: PredictionBudget;
  /** What the node uses of its machine; absent: only operations are known of its behaviour. */
  readonly usage?: () => Usage | null;
  /** What each member uses, alike on all of them; absent: only operations are known that keys may follow. */
  readonly members?: () => readonly MemberUsage[];
  readonly models?: Pick<ModelKeeperParts, 'local' | 'publish'>;
}

const batchEveryMs = 150;
/** Half of what keys were asked for counts no more after so long. */
const fadeEveryMs = 600_000;
/** For scoring what failovers showed, in one turn. */
const scoreMs = 1;
/** What the thread takes before it has any series. */
const threadBytes = 64 * 1024 * 1024;

/**
 * Predictions inside a running replica: its changes go to the predictor in batches, and what that forecasts is held ready here, so that a promotion
 * needs to ask nobody. Costs a look at a map for each change of a key, and nothing where no policy asks for predictions.
 */
export class OnlinePrediction implements PredictionSource {
  readonly #parts: OnlinePredictionParts;
  readonly #keys: TrackedKeys;
  readonly #mostSeries: number;
  readonly #observations: Observations;
  readonly #table = new ReadyTable();
  readonly #ready = new ReadyPredictions(this.#table);
  readonly #steady: Steady;
  readonly #models: ModelKeeper;
  readonly #behaviour: Behaviour;
  readonly #search: KeySearch;
  readonly #calls: PredictorCalls;
  /** Those of failovers that met their truth. */
  readonly met = new MetPredictions();
  readonly #changes: KeyChanges;
  readonly #promotion: PromotionPredictions;
  #timer: Timer | null = null;
  readonly #ends: (() => void)[] = [];
  #fadeAtMs: number;
  #closed = false;

  constructor(parts: OnlinePredictionParts) {
    this.#parts = parts;
    this.#fadeAtMs = parts.feed.clock.nowMs() + fadeEveryMs;
    const { series, memoryMb } = parts.budget;
    const roomBytes = Math.max(0, memoryMb * 1024 * 1024 - threadBytes);
    const fitting = Math.floor(roomBytes / seriesBytes(defaultPredictPolicy.horizon));
    this.#mostSeries = Math.min(series, fitting);
    this.#keys = new TrackedKeys(series, roomBytes, (tracked) => this.#changes.gone(tracked));
    this.#observations = new Observations((id) => this.#keys.withSeries(id));
    this.#steady = new Steady(parts.feed.clock);
    this.#behaviour = new Behaviour({
      usage: parts.usage ?? (() => null),
      members: parts.members ?? (() => []),
    });
    this.#models = new ModelKeeper({ feed: parts.feed, predictor: parts.predictor, ...parts.models });
    const inner = {
      ...parts,
      keys: this.#keys,
      observations: this.#observations,
      behaviour: this.#behaviour,
      isClosed: () => this.#closed,
    };
    this.#calls = new PredictorCalls({
      ...inner,
      table: this.#table,
      ready: this.#ready,
      models: () => this.#models.names,
      timeMs: () => this.#steady.nowMs(),
      lost: () => this.#replaced(),
    });
    this.#search = new KeySearch({
      ...inner,
      mostSeries: this.#mostSeries,
      found: (ended) => {
        this.#table.forget(ended);
        this.#models.found();
      },
      changed: (delta, space) => this.#changes.changed(delta, space),
      failed: (error) => this.#calls.failed(error),
    });
    const shared = { ...inner, table: this.#table, ready: this.#ready };
    this.#changes = new KeyChanges({ ...shared, search: () => this.#search });
    this.#promotion = new PromotionPredictions({
      ...shared,
      clock: parts.feed.clock,
      timeMs: () => this.#steady.nowMs(),
      catchUp: () =>
        this.#search.isLearning && !this.#search.hasLearnt
          ? null
          : this.#calls.catchUp(() => this.#search.asks),
    });
  }

  start(): void {
    const { feed, predictor } = this.#parts;
    this.#ends.push(
      feed.listen({
        applied: (deltas) => this.#applied(deltas),
        found: () => this.#search.wanted(),
        replaced: () => {
          this.#steady.replaced();
          this.met.replaced();
          this.#replaced();
        },
      }),
      predictor.onState((state) => {
        feed.nodeLog[state === 'running' || state === 'closed' ? 'info' : 'warn']('predictor', { state });
        // A new thread knows nothing.
        if (state !== 'restarting' && state !== 'failed') return;
        this.#replaced();
        this.#keys.predictorLost();
        this.#calls.predictorLost();
      }),
    );
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const end of this.#ends.splice(0)) end();
  }

  preApply(nowMs: number): readonly Prediction[] {
    return this.#promotion.preApply(nowMs);
  }

  rehearse(nowMs: number): readonly Prediction[] {
    return this.#promotion.rehearse(nowMs);
  }

  caughtUp(atMs: () => number): Promise<void> {
    return this.#promotion.caughtUp(atMs);
  }

  /** The keys that are forecast, for display, with the table to read their forecasts from. */
  get tracked(): Iterable<TrackedKey> {
    return this.#keys.values();
  }

  /** How the application behaves, by name: the newest forecast of each series, as far as there is one. */
  behaviour(): readonly { readonly name: string; readonly row: TableRow }[] {
    return this.#behaviour.series.flatMap(({ name, id }) => {
      const row = this.#table.row(id);
      return row === null ? [] : [{ name, row }];
    });
  }

  get table(): Pick<ReadyTable, 'row' | 'model'> {
    return this.#table;
  }

  get figures(): EngineFigures | null {
    return this.#calls.figures;
  }

  /** Cluster time as it goes on with the clock; −∞ before anything was applied. */
  get timeMs(): number {
    return this.#steady.nowMs();
  }

  /** Some policy asks for predictions. */
  get asks(): boolean {
    return this.#search.asks;
  }

  /** Names of the series that a forecast was made from beside its own. */
  inputsOf(row: TableRow): readonly string[] {
    return row.inputs.map((id) => this.#behaviour.nameOf(id)).filter((name) => name !== '');
  }

  /** For its peers, which compare it with theirs; null: there is nothing to compare. */
  said(): SaidOfModel | null {
    if (this.#keys.keyCount === 0 || this.#calls.figures === null) return null;
    return this.#calls.said;
  }

  /** For one answer: what is held ready of a key as it was written at this revision; `nowMs`: cluster time as the reader knows it. */
  reader(): (space: PredictableSpace, key: ByteString, modRevision: number, nowMs: number) => ExpectedAt {
    const parts = { feed: this.#parts.feed, keys: this.#keys, ready: this.#ready, state: this.#state() };
    const budget = new ScanBudget();
    return (space, key, modRevision, nowMs) => {
      const atMs = Math.max(nowMs, this.#steady.nowMs());
      return { ...expectedOf(parts, space, key, modRevision, atMs, budget), atMs };
    };
  }

  /** Somebody reads predictions of these keys: they are worth more than those that nobody reads. */
  used(space: Space, values: readonly Pick<KeyValue, 'key'>[]): void {
    if (!isPredictable(space)) return;
    for (const { key } of values) {
      const tracked = this.#keys.of(space, key);
      if (tracked !== null) this.#keys.used(tracked);
    }
  }

  /** As the status says it, for who asks often. */
  get seriesCount(): number {
    return this.#keys.seriesCount;
  }

  status(): PredictionStatus {
    return statusOf({
      state: this.#state(),
      mostSeries: this.#mostSeries,
      keys: this.#keys,
      ready: this.#ready,
      forecast: this.#table.size - this.behaviour().length,
      behaviour: this.#behaviour.forecast,
      calls: this.#calls,
      faults: this.#parts.predictor.faults,
      dropped: this.#observations.dropped + this.#search.dropped + this.met.dropped,
      preApplied: this.#promotion.preApplied,
      met: this.met.figures,
      models: this.#models.loaded,
    });
  }

  #state(): PredictorState {
    switch (this.#parts.predictor.state) {
      case 'running':
        return this.#search.isLearning ? 'learning' : 'running';
      case 'restarting':
        return 'restarting';
      case 'failed':
        return 'failed';
      case 'closed':
        return 'off';
    }
  }

  #applied(deltas: readonly StateDelta[]): void {
    const last = deltas.at(-1);
    if (last !== undefined) this.#steady.saw(last.timeMs);
    this.met.applied(deltas);
    for (const delta of deltas) {
      if (delta.space === 'system') {
        if (delta.key.startsWith('policy/')) this.#search.wanted();
        else this.#models.applied(delta);
      } else if (this.#search.asks && (delta.space === 'user' || delta.space === 'planes')) {
        this.#behaviour.applied(delta);
        if (this.#search.mustWait(delta, delta.space)) this.#search.hold(delta);
        else this.#changes.changed(delta, delta.space);
      }
    }
  }

  /** The state, or the predictor, is another one: all is learnt anew. */
  #replaced(): void {
    this.#keys.clear();
    this.#observations.clear();
    this.#table.clear();
    this.#ready.clear();
    this.#calls.replaced();
    this.#models.replaced();
    this.#behaviour.tellAgain();
    this.#search.replaced();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#parts.feed;
    this.#timer = clock.after(batchEveryMs, () => {
      this.#schedule();
      this.#turn(clock.nowMs());
    });
  }

  #turn(nowMs: number): void {
    const search = this.#search;
    search.look(nowMs);
    if (nowMs >= this.#fadeAtMs) {
      this.#fadeAtMs = nowMs + fadeEveryMs;
      this.#keys.fade();
    }
    const { clock, nodeLog } = this.#parts.feed;
    const untilMs = nowMs + scoreMs;
    this.met.score(() => clock.nowMs() < untilMs);
    const met = this.met.ended(this.#steady.nowMs());
    if (met !== null) nodeLog.info('predictions-met', { ...met });
    if (search.asks && !search.isLearning && this.#parts.predictor.state === 'running') this.#models.look();
    // A past goes to the predictor as a whole; later looks for keys hold up nothing of those that it knows.
    if (!search.isLearning || search.hasLearnt) this.#calls.send(nowMs, search.asks);
    this.#promotion.refresh(nowMs);
  }
}
