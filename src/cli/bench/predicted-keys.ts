import { setTimeout as delay } from 'node:timers/promises';
import type { TanistClient } from '../../client/index.ts';
import { TanistError } from '../../foundation/errors.ts';
import { eventually } from '../../local/eventually.ts';
import { defaultPredictPolicy } from '../../ports/prediction.ts';
import type { PredictionStatus } from '../../ports/prediction-status.ts';
import { SteadyValues } from './predict/table/steady-values.ts';

const prefix = 'predicted/';
const batchesPerSecond = 10;
const writeDeadlineMs = 20_000;
const callMs = 2000;
/** Series need some dozens of values, one a second; models are chosen by and by. */
const patienceMs = 300_000;
const everyMs = 500;
/** Of the keys that must be forecast: the promotion is of so many. */
const enough = 0.99;

/** Numeric keys of a cluster, each written once a second, whether or not a policy asks for their predictions. */
export class PredictedKeys {
  readonly #client: TanistClient;
  readonly #endpoints: readonly string[];
  readonly #keys: number;
  readonly #values: SteadyValues;
  #predicts = false;
  #brought: readonly number[] = [];
  #stopped = false;
  #done: Promise<void> | null = null;

  /** `endpoints`: of the members that are to forecast them. */
  constructor(client: TanistClient, endpoints: readonly string[], keys: number) {
    this.#client = client;
    this.#endpoints = endpoints;
    this.#keys = keys;
    this.#values = new SteadyValues(keys);
  }

  start(): void {
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  /** Resolves once all members forecast all keys, or none does. */
  async predict(predicts: boolean): Promise<void> {
    if (predicts !== this.#predicts)
      await this.#client.setPolicy(
        prefix,
        { predict: predicts ? { ...defaultPredictPolicy, stepMs: 1000, minConfidence: 0 } : null },
        { deadlineMs: writeDeadlineMs },
      );
    this.#predicts = predicts;
    await eventually(
      async () => {
        const each = await this.#statuses();
        return each.every(({ keys, ready }) => (predicts ? ready >= enough * this.#keys : keys === 0))
          ? true
          : null;
      },
      predicts ? `not all members forecast ${this.#keys} keys` : 'not all members gave the predictions up',
      { patienceMs, everyMs },
    );
    await this.brought();
  }

  /** Predictions that members brought to promotions since the last call. */
  async brought(): Promise<number> {
    const now = (await this.#statuses()).map(({ preApplied }) => preApplied);
    const before = this.#brought;
    this.#brought = now;
    // Who was started again counts from 0.
    return now.reduce(
      (sum, count, i) => sum + (count >= (before[i] ?? 0) ? count - (before[i] ?? 0) : count),
      0,
    );
  }

  #statuses(): Promise<readonly PredictionStatus[]> {
    return Promise.all(
      this.#endpoints.map(async (endpoint) => {
        const { predictor } = await this.#client.status({ endpoint, deadlineMs: callMs });
        if (predictor === null) throw new TanistError('unavailable', `${endpoint} has no predictor`);
        return predictor;
      }),
    );
  }

  async #write(): Promise<void> {
    const startMs = performance.now();
    for (let tick = 0; !this.#stopped; tick++) {
      const part = tick % batchesPerSecond;
      if (part === 0) this.#values.next();
      const then = [];
      for (let key = part; key < this.#keys; key += batchesPerSecond)
        then.push({ put: `${prefix}${String(key).padStart(6, '0')}`, value: this.#values.of(key) });
      // What a failover costs this load is not what is measured; the next second's values come anyway.
      if (then.length > 0)
        await this.#client.txn({ if: [], then }, { deadlineMs: writeDeadlineMs }).catch(() => undefined);
      const waitMs = startMs + ((tick + 1) * 1000) / batchesPerSecond - performance.now();
      if (waitMs > 0) await delay(waitMs);
    }
  }
}
