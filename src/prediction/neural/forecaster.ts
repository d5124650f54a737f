import { present } from '../../foundation/assert.ts';
import { type Computation, compile } from '../onnx/computation.ts';
import { seasonsOf } from './features/seasons.ts';
import { runningSums } from './features/tail.ts';
import { emptyBatch, type Normal, writeWindow } from './features/window.ts';
import { inferenceGraph } from './graphs.ts';
import { type NetworkSize, weightTensors } from './network.ts';

/** A series up to its origin. */
export interface ForecastRequest {
  readonly values: Float64Array;
  /** In steps, the strongest first. */
  readonly seasons: readonly number[];
}

/** One inference graph for all weights of a size. */
export interface Forecaster {
  /** Steps 1…horizon of each request. Every value is finite where the request's are. */
  forecast(
    weights: Float32Array,
    requests: readonly ForecastRequest[],
    horizon: number,
  ): Promise<readonly Float64Array[]>;
  close(): Promise<void>;
}

/** Windows a run: some 10 ms at 12 steps, so that other calls are not held up. */
const windowsPerRun = 64;

export async function openForecaster(
  size: NetworkSize,
  breathe: () => Promise<void> = async () => {},
): Promise<Forecaster> {
  const computation = await compile(inferenceGraph(size));
  return {
    async forecast(weights, requests, horizon) {
      const results: Float64Array[] = [];
      for (let from = 0; from < requests.length; from += windowsPerRun) {
        if (from > 0) await breathe();
        results.push(
          ...(await run(computation, size, weights, requests.slice(from, from + windowsPerRun), horizon)),
        );
      }
      return results;
    },
    close: () => computation.close(),
  };
}

async function run(
  computation: Computation,
  size: NetworkSize,
  weights: Float32Array,
  requests: readonly ForecastRequest[],
  horizon: number,
): Promise<readonly Float64Array[]> {
  const windows = requests.length;
  const batch = emptyBatch(size, windows, horizon);
  const ahead = Array.from({ length: horizon }, (_, step) => step + 1);
  const normals: Normal[] = requests.map(({ values, seasons }, window) => {
    const tail = { values, sums: runningSums(values), end: values.length };
    return writeWindow(size, batch, window, tail, seasonsOf(seasons, values.length), ahead, horizon);
  });
  const { forecast } = await computation.run({
    ...weightTensors(size, weights),
    recent: { data: batch.recent, dims: [size.steps, windows, size.features] },
    facts: { data: batch.facts, dims: [windows, horizon, size.facts] },
    references: { data: batch.references, dims: [windows, horizon, size.references] },
  });
  const { data } = present(forecast, 'the graph has an output of that name');
  return normals.map(({ level, scale }, window) => {
    const last = present(requests[window], 'a request a window').values.at(-1) ?? 0;
    return Float64Array.from({ length: horizon }, (_, step) => {
      const value = level + scale * (data[window * horizon + step] ?? 0);
      return Number.isFinite(value) ? value : last;
    });
  });
}
