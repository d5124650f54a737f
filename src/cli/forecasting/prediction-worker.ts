import { type PredictionWorker, startWorker } from '../../prediction/worker/host.ts';

/** The worker thread that ONNX Runtime runs in, on this process's timers. */
export function startPredictionWorker(): PredictionWorker {
  return startWorker({
    schedule: (delayMs, act) => {
      const timer = setTimeout(act, delayMs);
      return { cancel: () => clearTimeout(timer) };
    },
    callTimeoutMs: 60_000,
  });
}
