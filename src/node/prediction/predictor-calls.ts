import { asError } from '../../foundation/errors.ts';
import { type EngineFigures, observeKind } from '../../prediction/online/messages.ts';
import type { Behaviour } from './behaviour/behaviour.ts';
import { intervalLevel } from './make-prediction.ts';
import { type SaidOfModel, samplesOf } from './model-report.ts';
import type { Observations } from './observations.ts';
import type { PredictionFeed } from './prediction-feed.ts';
import type { PredictionBudget, Predictor } from './predictor.ts';
import type { ReadyPredictions } from './ready-predictions.ts';
import type { ReadyTable } from './ready-table.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface PredictorCallsParts {
  readonly feed: PredictionFeed;
  readonly predictor: Predictor;
  readonly budget: PredictionBudget;
  readonly keys: TrackedKeys;
  readonly observations: Observations;
  readonly behaviour: Behaviour;
  readonly table: ReadyTable;
  readonly ready: ReadyPredictions;
  /** Names and hashes of the models that are loaded. */
  readonly models: () => string;
  /** Cluster time. */
  readonly timeMs: () => number;
  /** Nobody knows what the predictor took of a batch. */
  readonly lost: () => void;
  readonly isClosed: () => boolean;
}

/** For reading numbers out of values, in one turn. */
const readMs = 2;
const retryMs = 1000;
/** Whoever waits for forecasts of a stream that does not end gets those that there are by then. */
const catchUpMs = 500;
const shareEveryMs = 5000;

/** Batches for the predictor, one at a time, and what it answers. */
export class PredictorCalls {
  readonly #parts: PredictorCallsParts;
  #figures: EngineFigures | null = null;
  #said: SaidOfModel | null = null;
  /** Of the call under way; resolves however it ends. */
  #call: Promise<void> | null = null;
  #notBeforeMs = 0;
  #errors = 0;
  #lastError: string | null = null;
  /** Candidates that failed while others went on, as the thread counted them last. */
  #faults = 0;
  #cpuShare = 0;
  #cpuFrom: { readonly atMs: number; readonly cpuMs: number } | null = null;

  constructor(parts: PredictorCallsParts) {
    this.#parts = parts;
  }

  /** Null: it answered nothing yet. */
  get figures(): EngineFigures | null {
    return this.#figures;
  }

  get said(): SaidOfModel | null {
    return this.#said;
  }

  get errors(): number {
    return this.#errors;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** Part of one core of late. */
  get cpuShare(): number {
    return this.#cpuShare;
  }

  /** The thread is another one, which counts from 0. */
  predictorLost(): void {
    this.#faults = 0;
  }

  replaced(): void {
    this.#figures = null;
    this.#cpuFrom = null;
  }

  /** Resolves once the table knows of all that was observed until then, or nothing more comes of it. */
  async catchUp(asks: () => boolean): Promise<void> {
    const { feed, observations, isClosed } = this.#parts;
    const untilMs = feed.clock.nowMs() + catchUpMs;
    await this.#call;
    while (
      !isClosed() &&
      feed.clock.nowMs() < untilMs &&
      !(observations.isEmpty && (this.#figures?.waiting ?? 0) === 0)
    ) {
      this.send(feed.clock.nowMs(), asks(), true);
      if (this.#call === null) return;
      await this.#call;
    }
  }

  /** `asks`: some policy does; else behaviour is nobody's business. `isUrgent`: somebody waits for the forecasts. */
  send(nowMs: number, asks: boolean, isUrgent = false): void {
    const {
      predictor,
      feed,
      budget,
      keys: tracked,
      observations: queue,
      behaviour,
      timeMs,
      lost,
    } = this.#parts;
    if (this.#call !== null || predictor.state !== 'running' || nowMs < this.#notBeforeMs) return;
    const untilMs = nowMs + readMs;
    const keys = tracked.takeChanges();
    const news = asks ? behaviour.take(timeMs(), nowMs) : none;
    const defined = [...keys.defined, ...news.defined];
    const forgotten = [...keys.forgotten, ...news.forgotten];
    const observations = queue.take(() => feed.clock.nowMs() < untilMs, news.rows);
    const isIdle = defined.length === 0 && forgotten.length === 0 && observations.length === 0;
    if (isIdle && (this.#figures?.waiting ?? 0) === 0) return;
    const options = { cpu: budget.cpu, level: intervalLevel, isUrgent };
    const request = { defined, forgotten, observations, options };
    this.#call = predictor.call(observeKind, request, { transfer: toTransfer(observations) }).then(
      ({ rows, models, figures, faults }) => {
        this.#call = null;
        tracked.answered(true);
        this.#take(rows, models);
        this.#took(figures);
        if (faults !== undefined) this.#candidatesFailed(faults);
      },
      (error: unknown) => {
        this.#call = null;
        tracked.answered(false);
        this.failed(asError(error));
        lost();
      },
    );
  }

  failed(error: Error): void {
    if (this.#parts.isClosed()) return;
    this.#errors++;
    this.#lastError = error.message;
    this.#notBeforeMs = this.#parts.feed.clock.nowMs() + retryMs;
  }

  /** Forecasts go on without the candidate that failed, which must not stay unseen. */
  #candidatesFailed({ count, last }: { readonly count: number; readonly last: string }): void {
    const more = count - this.#faults;
    if (more <= 0) return;
    this.#faults = count;
    this.#errors += more;
    // One that fails at every forecast is told of once.
    if (this.#lastError !== last) this.#parts.feed.nodeLog.warn('forecast-failed', { error: last });
    this.#lastError = last;
  }

  #take(rows: Float64Array, models: readonly string[]): void {
    const { keys, behaviour, table, ready } = this.#parts;
    // What ended while it was under way has no row any more, and none of another key's.
    const isKnown = (id: number): boolean => keys.withSeries(id) !== null || behaviour.has(id);
    for (const id of table.take(rows, models, isKnown)) {
      const tracked = keys.withSeries(id);
      if (tracked !== null) ready.changed(tracked);
    }
  }

  #took(figures: EngineFigures): void {
    const { feed, models } = this.#parts;
    this.#figures = figures;
    this.#said = {
      scaledError: figures.scaledError,
      models: models(),
      samples: samplesOf(figures.samples),
    };
    const atMs = feed.clock.nowMs();
    const from = this.#cpuFrom;
    if (from === null) this.#cpuFrom = { atMs, cpuMs: figures.cpuMs };
    else if (atMs - from.atMs >= shareEveryMs) {
      this.#cpuShare = (figures.cpuMs - from.cpuMs) / (atMs - from.atMs);
      this.#cpuFrom = { atMs, cpuMs: figures.cpuMs };
    }
  }
}

const none = { defined: [], forgotten: [], rows: [] } as const;

function toTransfer({ buffer }: Float64Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}
