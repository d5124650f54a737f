import type { Candidate, History, Profile } from '../forecast.ts';
import { seasonsOf, tailLength } from '../neural/features/seasons.ts';
import { type Forecaster, type ForecastRequest, openForecaster } from '../neural/forecaster.ts';
import type { Model } from '../neural/model.ts';

interface Waiting {
  readonly request: ForecastRequest;
  readonly horizon: number;
  readonly done: (mean: Float64Array) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The recurrent network as a candidate inside the thread that holds it. What is asked for in one turn of the event loop is computed in one run: alone, a
 * forecast costs several times what it costs among others.
 */
export class ThreadGru implements Candidate {
  readonly name = 'gru';
  readonly costUs = 250;
  #model: Model;
  readonly #breathe: () => Promise<void>;
  #forecaster: Promise<Forecaster> | null = null;
  #waiting: Waiting[] = [];

  constructor(model: Model, breathe: () => Promise<void>) {
    this.#model = model;
    this.#breathe = breathe;
  }

  /** Another version of the same size: whoever forecasts with this one goes on with that. False: it is of another size. */
  become(model: Model): boolean {
    if (JSON.stringify(model.size) !== JSON.stringify(this.#model.size)) return false;
    this.#model = model;
    return true;
  }

  minimumLength(): number {
    return 24;
  }

  forecast(
    histories: readonly History[],
    { seasons }: Profile,
    horizon: number,
  ): Promise<readonly Float64Array[]> {
    return Promise.all(
      histories.map(({ values }) => {
        const tail = values.slice(-tailLength(seasonsOf(seasons, values.length)));
        return this.#ask({ values: tail, seasons }, horizon);
      }),
    );
  }

  #ask(request: ForecastRequest, horizon: number): Promise<Float64Array> {
    return new Promise((done, failed) => {
      this.#waiting.push({ request, horizon, done, failed });
      if (this.#waiting.length === 1) void this.#breathe().then(() => this.#run());
    });
  }

  async #run(): Promise<void> {
    const asked = this.#waiting;
    this.#waiting = [];
    try {
      this.#forecaster ??= openForecaster(this.#model.size, this.#breathe);
      const forecaster = await this.#forecaster;
      const horizon = asked.reduce((most, each) => Math.max(most, each.horizon), 0);
      const means = await forecaster.forecast(
        this.#model.weights,
        asked.map(({ request }) => request),
        horizon,
      );
      for (const [i, { horizon: own, done, failed }] of asked.entries()) {
        const mean = means[i];
        if (mean === undefined) failed(new Error('the network left a series out'));
        else done(mean.slice(0, own));
      }
    } catch (error) {
      // Opened again by whoever asks next.
      this.#forecaster = null;
      for (const { failed } of asked) failed(error);
    }
  }
}
