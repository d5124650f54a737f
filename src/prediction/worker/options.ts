/** A one-shot timer, like `Clock.after`: this layer reads no clock of its own. */
export type Schedule = (delayMs: number, act: () => void) => { cancel(): void };

export interface WorkerOptions {
  readonly schedule: Schedule;
  /** Told of every crash and hang, once each; the restart is already under way. */
  readonly onFault?: (error: Error) => void;
  /** Calls under way at most; one more is refused with `overloaded`. */
  readonly maxCalls?: number;
  /** How long a call may take, its wait included, unless it says otherwise. Then the thread is taken for hung. */
  readonly callTimeoutMs?: number;
  /** Wait before the first restart; doubles with each fault until a call is answered again. */
  readonly restartMinMs?: number;
  readonly restartMaxMs?: number;
  /** Faults in a row after which the state is `failed`. It is still tried again, every `restartMaxMs`. */
  readonly failedAfter?: number;
  /** JavaScript heap of the thread, MiB; ONNX Runtime's tensors are outside it. */
  readonly heapMiB?: number;
  /** The thread's entry; another in tests alone. */
  readonly entry?: URL;
}

export const workerDefaults = {
  onFault: () => {},
  maxCalls: 256,
  callTimeoutMs: 10_000,
  restartMinMs: 100,
  restartMaxMs: 30_000,
  failedAfter: 5,
  heapMiB: 128,
  entry: new URL('./main.js', import.meta.url),
} as const satisfies Omit<WorkerOptions, 'schedule'>;
