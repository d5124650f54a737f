import type { StateClient } from '../../ports/state-client.ts';
import { type HostMetrics, hostMetrics } from '../host-metrics.ts';
import type { Ledger } from './ledger.ts';

/** This machine's metrics as state: each key is written ten times a second. */
export interface MetricStream {
  readonly keys: number;
  readonly issued: number;
  readonly failed: number;
  /** Stops the writes; resolves when every one has an outcome. */
  stop(): Promise<void>;
  /** What the machine was like at the last sample, at most a tenth of a second ago while the stream runs. */
  latest(): ReadonlyMap<string, number>;
  /** How far apart the lowest and the highest value written of a key are. */
  range(key: string): number;
}

export const metricPrefix = 'host/';
/** The number in each value, and how it is to be predicted. */
export const metricPrediction = {
  fields: ['/value'],
  stepMs: 100,
  horizon: 64,
  minConfidence: 0,
  weight: 1,
} as const;
const samplesPerSecond = 10;
const periodMs = 1000 / samplesPerSecond;

/**
 * Samples ten times a second and spreads the writes of a sample evenly over the tenth of a second that follows, so that there is always one
 * under way. Every value holds a number of its own: no two writes are alike.
 */
export function startMetricStream(
  client: Pick<StateClient, 'put'>,
  ledger: Ledger,
  metrics: HostMetrics = hostMetrics(),
): MetricStream {
  let sample: readonly (readonly [string, number])[] = [];
  let sampledAtMs = Number.NEGATIVE_INFINITY;
  let written = 0;
  let issued = 0;
  let settled = 0;
  let failed = 0;
  let finished: (() => void) | null = null;
  // The first look gives the counters, so that the first sample has rates.
  metrics.sample(performance.now() - periodMs);
  const ranges = new Map<string, { low: number; high: number }>();
  const write = ([key, metric]: readonly [string, number]): void => {
    const issuedAtMs = performance.now();
    const value = JSON.stringify({ value: metric, number: issued++ });
    const range = ranges.get(key);
    if (range === undefined) ranges.set(key, { low: metric, high: metric });
    else {
      range.low = Math.min(range.low, metric);
      range.high = Math.max(range.high, metric);
    }
    client
      .put(key, value)
      .then(
        ({ revision }) => ledger.record({ key, value, revision, issuedAtMs, ackedAtMs: performance.now() }),
        () => {
          failed++;
        },
      )
      .finally(() => {
        settled++;
        if (settled === issued) finished?.();
      });
  };
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const due = Math.min(sample.length, Math.ceil(((nowMs - sampledAtMs) / periodMs) * sample.length));
    for (; written < due; written++) {
      const entry = sample[written];
      if (entry !== undefined) write(entry);
    }
    if (nowMs - sampledAtMs < periodMs) return;
    sample = [...metrics.sample(nowMs)];
    // Keeps the beat; after a stall it starts afresh instead of catching up.
    sampledAtMs = nowMs - sampledAtMs < 2 * periodMs ? sampledAtMs + periodMs : nowMs;
    written = 0;
  }, 1);
  return {
    get keys() {
      return sample.length;
    },
    get issued() {
      return issued;
    },
    get failed() {
      return failed;
    },
    stop: () => {
      clearInterval(timer);
      return new Promise((resolve) => {
        finished = resolve;
        if (settled === issued) resolve();
      });
    },
    latest: () => new Map(sample),
    range: (key) => {
      const { low, high } = ranges.get(key) ?? { low: 0, high: 0 };
      return high - low;
    },
  };
}

/** The metric that a value of the stream holds. */
export function metricIn(value: Uint8Array): number {
  const { value: metric } = JSON.parse(Buffer.from(value).toString('utf8')) as { readonly value: number };
  return metric;
}
