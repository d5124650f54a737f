import { asError } from '../../foundation/errors.ts';
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
import { type EngineFigures, observeKind } from '../../prediction/online/messages.ts';
import type { TableRow } from '../../prediction/online/table-row.ts';
import { Behaviour, type Usage } from './behaviour.ts';
import { HeldChanges } from './held-changes.ts';
import { learn } from './learn.ts';
import { intervalLevel } from './make-prediction.ts';
import { ModelKeeper, type ModelKeeperParts } from './model-keeper.ts';
import { type SaidOfModel, samplesOf } from './model-report.ts';
import { Observations } from './observations.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import type { PredictionBudget, Predictor } from './predictor.ts';
import { readable } from './readable.ts';
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
  readonly models?: Pick<ModelKeeperParts, 'local' | 'publish'>;
}

const batchEveryMs = 150;
/** For reading numbers out of values, in one turn. */
const readMs = 2;
/** For making predictions of them, in one turn; and for those that are not ready at a promotion. */
const refreshMs = 1.5;
const promotionMs = 1;
/** Where keys are beyond the budget and room came free, they are looked for again no sooner. */
const lookAgainMs = 60_000;
const retryMs = 1000;
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
  readonly #held = new HeldChanges();
  readonly #table = new ReadyTable();
  readonly #ready = new ReadyPredictions(this.#table);
  readonly #steady: Steady;
  readonly #models: ModelKeeper;
  readonly #behaviour: Behaviour;
  #figures: EngineFigures | null = null;
  #said: SaidOfModel | null = null;
  #asks = false;
  #learning = false;
  /** Of the state and the predictor that there are now. */
  #hasLearnt = false;
  #roomCame = false;
  #wantsLook = true;
  #lookAtMs = 0;
  #round = 0;
  #calling = false;
  #notBeforeMs = 0;
  #errors = 0;
  #lastError: string | null = null;
  #preApplied = 0;
  #cpuShare = 0;
  #cpuFrom: { readonly atMs: number; readonly cpuMs: number } | null = null;
  #timer: Timer | null = null;
  readonly #ends: (() => void)[] = [];
  #closed = false;

  constructor(parts: OnlinePredictionParts) {
    this.#parts = parts;
    const { series, memoryMb } = parts.budget;
    const roomBytes = Math.max(0, memoryMb * 1024 * 1024 - threadBytes);
    const fitting = Math.floor(roomBytes / seriesBytes(defaultPredictPolicy.horizon));
    this.#mostSeries = Math.min(series, fitting);
    this.#keys = new TrackedKeys(series, roomBytes, (tracked) => this.#gone(tracked));
    this.#observations = new Observations((id) => this.#keys.withSeries(id));
    this.#steady = new Steady(parts.feed.clock);
    this.#behaviour = new Behaviour(parts.usage ?? (() => null));
    this.#models = new ModelKeeper({ feed: parts.feed, predictor: parts.predictor, ...parts.models });
  }

  start(): void {
    const { feed, predictor } = this.#parts;
    this.#ends.push(
      feed.listen({
        applied: (deltas) => this.#applied(deltas),
        found: () => {
          this.#wantsLook = true;
        },
        replaced: () => this.#replaced(),
      }),
      predictor.onState((state) => {
        feed.nodeLog[state === 'running' || state === 'closed' ? 'info' : 'warn']('predictor', { state });
        // A new thread knows nothing.
        if (state !== 'restarting' && state !== 'failed') return;
        this.#replaced();
        this.#keys.predictorLost();
      }),
    );
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const end of this.#ends.splice(0)) end();
  }

  /** What is expected now of the keys whose policy asks for it: made beforehand, so that it takes less than a millisecond for 1,000 keys. */
  preApply(nowMs: number): readonly Prediction[] {
    const predictions = this.rehearse(nowMs);
    this.#preApplied += predictions.length;
    return predictions;
  }

  rehearse(nowMs: number): readonly Prediction[] {
    if (this.#closed || this.#keys.keyCount === 0) return [];
    const { clock } = this.#parts.feed;
    const untilMs = clock.nowMs() + promotionMs;
    const atMs = Math.max(nowMs, this.#steady.nowMs());
    return this.#ready.collect(this.#keys.values(), atMs, () => clock.nowMs() < untilMs);
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
    return this.#figures;
  }

  /** For its peers, which compare it with theirs; null: there is nothing to compare. */
  said(): SaidOfModel | null {
    if (this.#keys.keyCount === 0 || this.#figures === null) return null;
    return this.#said;
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
    const { predictor } = this.#parts;
    const figures = this.#figures;
    return {
      state: this.#state(),
      keys: this.#keys.keyCount,
      series: this.#keys.seriesCount,
      mostSeries: this.#mostSeries,
      refused: this.#keys.refused,
      ready: this.#table.size - this.behaviour().length,
      waiting: figures?.waiting ?? 0,
      forecasts: figures?.forecasts ?? 0,
      choices: figures?.choices ?? 0,
      errors: this.#errors + predictor.faults,
      lastError: this.#lastError,
      cpuShare: this.#cpuShare,
      memoryBytes: figures?.memoryBytes ?? 0,
      scaledError: figures?.scaledError ?? null,
      notNumbers: figures?.notNumbers ?? 0,
      dropped: this.#observations.dropped + this.#held.dropped,
      wentBack: figures?.wentBack ?? 0,
      preApplied: this.#preApplied,
      models: this.#models.loaded,
    };
  }

  #state(): PredictorState {
    switch (this.#parts.predictor.state) {
      case 'running':
        return this.#learning ? 'learning' : 'running';
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
    for (const delta of deltas) {
      if (delta.space === 'system') {
        if (delta.key.startsWith('policy/')) this.#wantsLook = true;
        else this.#models.applied(delta);
      } else if (this.#asks && (delta.space === 'user' || delta.space === 'planes')) {
        this.#behaviour.applied(delta);
        if (this.#mustWait(delta, delta.space)) this.#hold(delta);
        else this.#changed(delta, delta.space);
      }
    }
  }

  /** While keys are looked for only those go on whose past is known already. */
  #mustWait({ key }: StateDelta, space: PredictableSpace): boolean {
    if (!this.#learning) return false;
    const tracked = this.#keys.of(space, key);
    return tracked === null || tracked.isFresh;
  }

  #hold(delta: StateDelta): void {
    if (this.#parts.feed.policyFor(delta.key) === null) return;
    if (!this.#held.add(delta)) this.#wantsLook = true;
  }

  #changed({ op, key, value, timeMs, revision, version }: StateDelta, space: PredictableSpace): void {
    let tracked = this.#keys.of(space, key);
    if (op === 'delete') {
      if (tracked !== null) this.#keys.forget(space, key);
      else if (this.#keys.refused > 0 && this.#parts.feed.policyFor(key) !== null) this.#keys.unrefuse();
      return;
    }
    if (tracked === null) {
      const policy = this.#parts.feed.policyFor(key);
      if (policy === null) return;
      tracked = this.#keys.track(space, key, policy);
      if (tracked === null) {
        if (version === 1) this.#keys.refuse();
        // It weighs more than one that is there.
        if (policy.weight > this.#keys.lightest()) this.#wantsLook = true;
        return;
      }
      tracked.round = this.#round;
    }
    tracked.value = readable(value, tracked.fields);
    tracked.modRevision = revision;
    tracked.timeMs = timeMs;
    this.#ready.changed(tracked);
    this.#observations.add(tracked, timeMs, value, revision);
  }

  #gone(tracked: TrackedKey): void {
    this.#roomCame = true;
    this.#ready.forget(tracked);
    this.#table.forget(tracked.fields.map(({ id }) => id));
  }

  /** The state, or the predictor, is another one: all is learnt anew. */
  #replaced(): void {
    this.#keys.clear();
    this.#observations.clear();
    this.#held.clear();
    this.#table.clear();
    this.#ready.clear();
    this.#figures = null;
    this.#cpuFrom = null;
    this.#models.replaced();
    this.#behaviour.tellAgain();
    this.#wantsLook = true;
    // What changes until then is found in the state and its history.
    this.#asks = false;
    this.#hasLearnt = false;
    this.#round++;
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#parts.feed;
    this.#timer = clock.after(batchEveryMs, () => {
      this.#schedule();
      this.#look(clock.nowMs());
      if (this.#asks && !this.#learning && this.#parts.predictor.state === 'running') this.#models.look();
      this.#send(clock.nowMs());
      this.#refresh(clock.nowMs());
    });
  }

  #look(nowMs: number): void {
    const { predictor } = this.#parts;
    if (this.#learning || predictor.state !== 'running') return;
    const isRoom = this.#roomCame && this.#keys.refused > 0 && this.#keys.hasRoom;
    if (!this.#wantsLook && (!isRoom || nowMs < this.#lookAtMs)) return;
    this.#wantsLook = false;
    this.#roomCame = false;
    this.#learning = true;
    this.#learn().then(
      () => this.#learnt(),
      (error: unknown) => {
        this.#failed(asError(error), nowMs);
        this.#wantsLook = true;
        this.#learnt();
      },
    );
  }

  async #learn(): Promise<void> {
    const { feed } = this.#parts;
    if (!(await feed.ready())) return;
    const prefixes = feed.prefixes();
    this.#asks = prefixes.length > 0;
    this.#table.forget(this.#behaviour.setPrefixes(prefixes.map(({ prefix }) => prefix)));
    this.#models.found();
    this.#round++;
    const round = this.#round;
    const { refused } = this.#keys;
    const isOver = (): boolean => this.#closed || this.#round !== round;
    await learn({ feed, keys: this.#keys, observations: this.#observations, isOver }, round);
    if (!isOver()) this.#hasLearnt = true;
    if (this.#keys.refused > 0 && refused === 0)
      feed.nodeLog.warn('predictions-limited', {
        keys: this.#keys.keyCount,
        refused: this.#keys.refused,
        mostSeries: this.#mostSeries,
      });
  }

  #learnt(): void {
    this.#learning = false;
    for (const tracked of this.#keys.values()) tracked.isFresh = false;
    this.#lookAtMs = this.#parts.feed.clock.nowMs() + lookAgainMs;
    for (const delta of this.#held.take())
      if (delta.space === 'user' || delta.space === 'planes') this.#changed(delta, delta.space);
  }

  #send(nowMs: number): void {
    const { predictor, feed, budget } = this.#parts;
    if (this.#calling || predictor.state !== 'running' || nowMs < this.#notBeforeMs) return;
    // A past goes to the predictor as a whole; later looks for keys hold up nothing of those that it knows.
    if (this.#learning && !this.#hasLearnt) return;
    const untilMs = nowMs + readMs;
    const keys = this.#keys.takeChanges();
    const behaviour = this.#asks ? this.#behaviour.take(this.#steady.nowMs(), nowMs) : none;
    const defined = [...keys.defined, ...behaviour.defined];
    const forgotten = [...keys.forgotten, ...behaviour.forgotten];
    const observations = this.#observations.take(() => feed.clock.nowMs() < untilMs, behaviour.rows);
    const isIdle = defined.length === 0 && forgotten.length === 0 && observations.length === 0;
    if (isIdle && (this.#figures?.waiting ?? 0) === 0) return;
    this.#calling = true;
    const request = { defined, forgotten, observations, options: { cpu: budget.cpu, level: intervalLevel } };
    predictor.call(observeKind, request, { transfer: toTransfer(observations) }).then(
      ({ rows, models, figures }) => {
        this.#calling = false;
        this.#keys.answered(true);
        // What ended while it was under way has no row any more, and none of another key's.
        const isKnown = (id: number): boolean =>
          this.#keys.withSeries(id) !== null || this.#behaviour.has(id);
        for (const id of this.#table.take(rows, models, isKnown)) {
          const tracked = this.#keys.withSeries(id);
          if (tracked !== null) this.#ready.changed(tracked);
        }
        this.#took(figures);
      },
      (error: unknown) => {
        this.#calling = false;
        this.#keys.answered(false);
        this.#failed(asError(error), feed.clock.nowMs());
        // Nobody knows what of it the predictor took.
        this.#replaced();
      },
    );
  }

  #refresh(nowMs: number): void {
    const { clock } = this.#parts.feed;
    const untilMs = nowMs + refreshMs;
    this.#ready.refresh(this.#steady.nowMs(), () => clock.nowMs() < untilMs);
  }

  #took(figures: EngineFigures): void {
    this.#figures = figures;
    this.#said = {
      scaledError: figures.scaledError,
      models: this.#models.names,
      samples: samplesOf(figures.samples),
    };
    const atMs = this.#parts.feed.clock.nowMs();
    const from = this.#cpuFrom;
    if (from === null) this.#cpuFrom = { atMs, cpuMs: figures.cpuMs };
    else if (atMs - from.atMs >= 5000) {
      this.#cpuShare = (figures.cpuMs - from.cpuMs) / (atMs - from.atMs);
      this.#cpuFrom = { atMs, cpuMs: figures.cpuMs };
    }
  }

  #failed(error: Error, nowMs: number): void {
    if (this.#closed) return;
    this.#errors++;
    this.#lastError = error.message;
    this.#notBeforeMs = nowMs + retryMs;
  }
}

const none = { defined: [], forgotten: [], rows: [] } as const;

function toTransfer({ buffer }: Float64Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}
