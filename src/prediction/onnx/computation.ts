import { asError, TanistError } from '../../foundation/errors.ts';
import { inNativeSection } from '../worker/native-section.ts';
import type { Graph } from './graph.ts';
import { encodeModel } from './model-bytes.ts';
import { refuseTelemetry } from './telemetry.ts';

/** Numbers with their shape, row-major. */
export interface FloatTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
export type FloatTensors = Readonly<Record<string, FloatTensor>>;

/** A graph ready to run. `run` holds the thread for all of its time (ONNX Runtime's promise is a wrapper): only in the worker. */
export interface Computation {
  run(inputs: FloatTensors): Promise<FloatTensors>;
  close(): Promise<void>;
}

/** @throws `prediction-failed` ONNX Runtime cannot be loaded here, or refuses the graph */
export function compile(graph: Graph): Promise<Computation> {
  return inNativeSection(() => compiled(graph));
}

async function compiled(graph: Graph): Promise<Computation> {
  refuseTelemetry();
  // Loaded by the first graph: whoever needs no network does not pay for it, and works where the library does not.
  const runtime = await import('onnxruntime-node').catch((error: unknown) => {
    throw new TanistError('prediction-failed', `ONNX Runtime cannot be loaded: ${asError(error).message}`, {
      cause: error,
    });
  });
  const session = await runtime.InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    throw new TanistError('prediction-failed', `the graph '${graph.name}': ${asError(error).message}`, {
      cause: error,
    });
  });
  return {
    async run(inputs) {
      const feeds: Record<string, InstanceType<typeof runtime.Tensor>> = {};
      for (const [name, { data, dims }] of Object.entries(inputs))
        feeds[name] = new runtime.Tensor('float32', data, dims);
      const fetched = await inNativeSection(() => session.run(feeds)).catch((error: unknown) => {
        throw new TanistError('prediction-failed', `the graph '${graph.name}': ${asError(error).message}`, {
          cause: error,
        });
      });
      const results: Record<string, FloatTensor> = {};
      for (const [name, { data, dims }] of Object.entries(fetched))
        if (data instanceof Float32Array) results[name] = { data, dims };
      return results;
    },
    close: () => inNativeSection(() => session.release()),
  };
}
