import type { ByteString } from '../../foundation/bytes.ts';
import type { KeyValue, Space } from '../../ports/delta.ts';
import {
  isPredictable,
  type PredictableSpace,
  type Prediction,
  type PredictionSource,
} from '../../ports/prediction.ts';
import type { PredictionStatus, PredictorState } from '../../ports/prediction-status.ts';
import type { History } from '../../prediction/forecast.ts';
import { type EngineFigures, historiesKind } from '../../prediction/online/messages.ts';
import type { TableRow } from '../../prediction/online/table-row.ts';
import { type ExpectedAt, expectedOf } from './expected.ts';
import type { MetPredictions } from './met-predictions.ts';
import type { SaidOfModel } from './model-report.ts';
import { type OnlinePredictionParts, PredictionAssembly } from './prediction-assembly.ts';
import { statusOf } from './prediction-status-of.ts';
import { PredictionTurns } from './prediction-turns.ts';
import { ScanBudget } from './readable.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKey } from './tracked-keys.ts';

/**
 * Predictions inside a running replica: its changes go to the predictor in batches, and what that forecasts is held ready here, so that a promotion
 * needs to ask nobody. Costs a look at a map for each change of a key, and nothing where no policy asks for predictions.
 */
export class OnlinePrediction implements PredictionSource {
  readonly #parts: OnlinePredictionParts;
  readonly #assembly: PredictionAssembly;
  readonly #turns: PredictionTurns;
  #closed = false;

  constructor(parts: OnlinePredictionParts) {
    this.#parts = parts;
    this.#assembly = new PredictionAssembly(parts, () => this.#closed);
    this.#turns = new PredictionTurns(parts, this.#assembly);
  }

  start(): void {
    this.#turns.start();
  }

  close(): void {
    this.#closed = true;
    this.#turns.close();
  }

  preApply(nowMs: number): readonly Prediction[] {
    return this.#assembly.promotion.preApply(nowMs);
  }

  rehearse(nowMs: number): readonly Prediction[] {
    return this.#assembly.promotion.rehearse(nowMs);
  }

  caughtUp(atMs: () => number): Promise<void> {
    return this.#assembly.promotion.caughtUp(atMs);
  }

  /** Those of failovers that met their truth. */
  get met(): MetPredictions {
    return this.#assembly.met;
  }

  /** The keys that are forecast, for display, with the table to read their forecasts from. */
  get tracked(): Iterable<TrackedKey> {
    return this.#assembly.keys.values();
  }

  /** How the application behaves, by name: the newest forecast of each series, as far as there is one. */
  behaviour(): readonly { readonly name: string; readonly row: TableRow }[] {
    return this.#assembly.behaviour.series.flatMap(({ name, id }) => {
      const row = this.#assembly.table.row(id);
      return row === null ? [] : [{ name, row }];
    });
  }

  get table(): Pick<ReadyTable, 'row' | 'model'> {
    return this.#assembly.table;
  }

  get figures(): EngineFigures | null {
    return this.#assembly.calls.figures;
  }

  /** Cluster time as it goes on with the clock; −∞ before anything was applied. */
  get timeMs(): number {
    return this.#assembly.steady.nowMs();
  }

  /** Some policy asks for predictions. */
  get asks(): boolean {
    return this.#assembly.search.asks;
  }

  /** What the predictor remembers of series. Errors: `unavailable`, `deadline-exceeded`, `overloaded`. */
  histories(ids: readonly number[]): Promise<readonly (History | null)[]> {
    return this.#parts.predictor.call(historiesKind, { ids });
  }

  /** How likely a key is to change until the end of each step of its first series, as far as that is known; else none. */
  changesOf(tracked: TrackedKey): readonly number[] {
    const { table, known } = this.#assembly;
    const [first] = tracked.fields;
    const horizon = (first === undefined ? null : table.row(first.id))?.get('horizon') ?? 0;
    const all = Array.from({ length: horizon }, (_, i) => table.changeProbability(tracked, i + 1, known.ms));
    return all.every((each) => each !== null) ? all : [];
  }

  /** Names of the series that a forecast was made from beside its own. */
  inputsOf(row: TableRow): readonly string[] {
    return row.inputs.map((id) => this.#assembly.behaviour.nameOf(id)).filter((name) => name !== '');
  }

  /** For its peers, which compare it with theirs; null: there is nothing to compare. */
  said(): SaidOfModel | null {
    if (this.#assembly.keys.keyCount === 0 || this.#assembly.calls.figures === null) return null;
    return this.#assembly.calls.said;
  }

  /** For one answer: what is held ready of a key as it was written at this revision; `nowMs`: cluster time as the reader knows it. */
  reader(): (space: PredictableSpace, key: ByteString, modRevision: number, nowMs: number) => ExpectedAt {
    const parts = {
      feed: this.#parts.feed,
      keys: this.#assembly.keys,
      ready: this.#assembly.ready,
      state: this.#state(),
    };
    const budget = new ScanBudget();
    return (space, key, modRevision, nowMs) => {
      const atMs = Math.max(nowMs, this.#assembly.steady.nowMs());
      return { ...expectedOf(parts, space, key, modRevision, atMs, budget), atMs };
    };
  }

  /** Somebody reads predictions of these keys: they are worth more than those that nobody reads. */
  used(space: Space, values: readonly Pick<KeyValue, 'key'>[]): void {
    if (!isPredictable(space)) return;
    for (const { key } of values) {
      const tracked = this.#assembly.keys.of(space, key);
      if (tracked !== null) this.#assembly.keys.used(tracked);
    }
  }

  /** As the status says it, for who asks often. */
  get seriesCount(): number {
    return this.#assembly.keys.seriesCount;
  }

  status(): PredictionStatus {
    return statusOf({
      state: this.#state(),
      mostSeries: this.#assembly.mostSeries,
      keys: this.#assembly.keys,
      ready: this.#assembly.ready,
      forecast: this.#assembly.table.size - this.behaviour().length,
      behaviour: this.#assembly.behaviour.forecast,
      calls: this.#assembly.calls,
      faults: this.#parts.predictor.faults,
      dropped:
        this.#assembly.observations.dropped + this.#assembly.search.dropped + this.#assembly.met.dropped,
      preApplied: this.#assembly.promotion.preApplied,
      met: this.#assembly.met.figures,
      models: this.#assembly.models.loaded,
    });
  }

  #state(): PredictorState {
    switch (this.#parts.predictor.state) {
      case 'running':
        return this.#assembly.search.isLearning ? 'learning' : 'running';
      case 'restarting':
        return 'restarting';
      case 'failed':
        return 'failed';
      case 'closed':
        return 'off';
    }
  }
}
