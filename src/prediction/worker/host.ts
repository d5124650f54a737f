import { Worker } from 'node:worker_threads';
import { asError, isErrorCode, TanistError } from '../../foundation/errors.ts';
import { refuseTelemetry } from '../onnx/telemetry.ts';
import type { CallKind, EventKind, FromThread, ToThread, Transfer } from './messages.ts';
import { isFromThread } from './messages.ts';
import { awaitOutside, mayTerminate, newSection } from './native-section.ts';
import type { WorkerOptions } from './options.ts';
import { workerDefaults } from './options.ts';

/** `failed`: several faults in a row; still tried again, but nothing should be expected of it. */
export type WorkerState = 'running' | 'restarting' | 'failed' | 'closed';

/** The one long-lived thread that forecasts and trains. A fault in it costs the calls under way, and nothing else. */
export interface PredictionWorker {
  readonly state: WorkerState;
  /** Faults (crashes, hangs) since the start. */
  readonly faults: number;
  /** Calls under way. */
  readonly calls: number;
  /**
   * @throws `overloaded` too many calls under way; `unavailable` the thread is restarting, or died during the call; `deadline-exceeded`
   * no answer in time: the thread is taken for hung and restarted; `closed`; or what the handler threw.
   */
  call<Request, Answer>(
    kind: CallKind<Request, Answer>,
    request: Request,
    options?: { readonly transfer?: Transfer; readonly timeoutMs?: number },
  ): Promise<Answer>;
  /** Listens to what the thread tells unasked; outlives restarts. Returns the end of listening. */
  on<Payload>(kind: EventKind<Payload>, listener: (payload: Payload) => void): () => void;
  onState(listener: (state: WorkerState) => void): () => void;
  /** Ends the thread and refuses what waits with `closed`; resolves when nothing is left running. */
  close(): Promise<void>;
}

/** A thread, its word on whether it is inside native code, and its end. */
interface Thread {
  readonly worker: Worker;
  readonly section: Int32Array;
  readonly exited: Promise<void>;
}

interface Waiting {
  readonly kind: string;
  readonly answer: (value: unknown) => void;
  readonly refuse: (error: TanistError) => void;
  readonly timer: { cancel(): void };
}

/** Threads that the end of the process would find at work: it waits until they are outside native code, then ends them. */
const alive = new Set<Int32Array>();
const longestWaitAtExitMs = 10_000;
process.once('exit', () => {
  for (const section of alive) awaitOutside(section, longestWaitAtExitMs);
});

export function startWorker(given: WorkerOptions): PredictionWorker {
  const options = { ...workerDefaults, ...given };
  const waiting = new Map<number, Waiting>();
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  const stateListeners = new Set<(state: WorkerState) => void>();
  let state: WorkerState = 'running';
  let thread: Thread | null = null;
  let restart: { cancel(): void } | null = null;
  let nextId = 1;
  let faults = 0;
  let faultsInRow = 0;
  /** Threads told to end that have not yet. */
  const ending = new Set<Promise<unknown>>();

  const become = (next: WorkerState): void => {
    if (next === state) return;
    state = next;
    for (const listener of stateListeners) listener(next);
  };

  const refuseAll = (error: TanistError): void => {
    const all = [...waiting.values()];
    waiting.clear();
    for (const { timer, refuse } of all) {
      timer.cancel();
      refuse(error);
    }
  };

  const end = ({ worker, section, exited }: Thread): void => {
    const stuck = options.schedule(options.callTimeoutMs, () => {
      if (state !== 'closed') become('failed');
    });
    const ended = (mayTerminate(section) ? worker.terminate() : exited).finally(() => {
      stuck.cancel();
      ending.delete(ended);
    });
    ending.add(ended);
  };

  const fault = (broken: Thread, error: Error): void => {
    if (broken !== thread) return;
    thread = null;
    end(broken);
    failed(error);
  };

  /** There is no thread, or none any more: the next one is started after a wait. */
  const failed = (error: Error): void => {
    faults += 1;
    faultsInRow += 1;
    become(faultsInRow >= options.failedAfter ? 'failed' : 'restarting');
    refuseAll(
      new TanistError('unavailable', `the prediction worker stopped (${error.message}); it restarts`, {
        cause: error,
      }),
    );
    options.onFault(error);
    const waitMs = Math.min(options.restartMaxMs, options.restartMinMs * 2 ** Math.min(faultsInRow - 1, 20));
    // Not before the broken one is gone: two would need twice the memory, and one stuck in native code would be followed by more.
    const ended = Promise.all(ending);
    restart = options.schedule(waitMs, () => void ended.then(start));
  };

  const settle = (from: Thread, message: FromThread): void => {
    if (message.type === 'event') {
      for (const listener of listeners.get(message.kind) ?? []) listener(message.payload);
      return;
    }
    const call = waiting.get(message.id);
    if (call === undefined) {
      fault(from, new Error(`it answered a call that was not made: ${message.id}`));
      return;
    }
    waiting.delete(message.id);
    call.timer.cancel();
    faultsInRow = 0;
    if (message.type === 'answer') call.answer(message.value);
    else
      call.refuse(
        new TanistError(isErrorCode(message.code) ? message.code : 'prediction-failed', message.message),
      );
  };

  const start = (): void => {
    if (state === 'closed') return;
    restart = null;
    const section = newSection();
    let worker: Worker;
    try {
      refuseTelemetry();
      worker = new Worker(options.entry, {
        workerData: section,
        resourceLimits: { maxOldGenerationSizeMb: options.heapMiB, maxYoungGenerationSizeMb: 16 },
      });
    } catch (error) {
      // No thread to be had (memory, a limit on threads, `ERR_WORKER_INIT_FAILED`): later there may be.
      failed(asError(error));
      return;
    }
    alive.add(section);
    const exited = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        alive.delete(section);
        resolve();
      });
    });
    const started: Thread = { worker, section, exited };
    thread = started;
    worker.on('message', (message: unknown) => {
      if (started !== thread) return;
      if (isFromThread(message)) settle(started, message);
      else fault(started, new Error('it sent something that is no message'));
    });
    worker.on('messageerror', (error) => fault(started, error));
    worker.on('error', (error) => fault(started, asError(error)));
    worker.on('exit', (code) => fault(started, new Error(`it ended with code ${code}`)));
    become('running');
  };

  start();

  return {
    get state() {
      return state;
    },
    get faults() {
      return faults;
    },
    get calls() {
      return waiting.size;
    },
    call<Request, Answer>(
      kind: CallKind<Request, Answer>,
      request: Request,
      { transfer = [], timeoutMs = options.callTimeoutMs }: { transfer?: Transfer; timeoutMs?: number } = {},
    ): Promise<Answer> {
      const refused = (code: 'closed' | 'unavailable' | 'overloaded', text: string): Promise<Answer> =>
        Promise.reject(new TanistError(code, text));
      if (state === 'closed') return refused('closed', 'the prediction worker is closed');
      const to = thread;
      if (to === null) return refused('unavailable', 'the prediction worker is restarting; try again');
      if (waiting.size >= options.maxCalls)
        return refused(
          'overloaded',
          `${waiting.size} calls wait for the prediction worker; make fewer at once`,
        );
      const id = nextId++;
      return new Promise<Answer>((resolve, reject) => {
        const message: ToThread = { id, kind: kind.name, payload: request };
        try {
          to.worker.postMessage(message, transfer);
        } catch (error) {
          const text = `a request of '${kind.name}' that cannot cross to the worker: ${asError(error).message}`;
          reject(new TanistError('invalid-argument', text, { cause: error }));
          return;
        }
        const timer = options.schedule(timeoutMs, () => {
          waiting.delete(id);
          const error = `no answer to '${kind.name}' in ${timeoutMs} ms`;
          reject(new TanistError('deadline-exceeded', `${error}; the prediction worker restarts`));
          fault(to, new Error(error));
        });
        // The answer is of the kind's type because the kind's handler made it (see `handler`).
        waiting.set(id, {
          kind: kind.name,
          answer: (value) => resolve(value as Answer),
          refuse: reject,
          timer,
        });
      });
    },
    on<Payload>(kind: EventKind<Payload>, listener: (payload: Payload) => void) {
      const all = listeners.get(kind.name) ?? new Set();
      listeners.set(kind.name, all);
      const typed = (payload: unknown): void => listener(payload as Payload);
      all.add(typed);
      return () => void all.delete(typed);
    },
    onState(listener) {
      stateListeners.add(listener);
      return () => void stateListeners.delete(listener);
    },
    async close() {
      const last = thread;
      thread = null;
      restart?.cancel();
      restart = null;
      become('closed');
      refuseAll(new TanistError('closed', 'the prediction worker was closed'));
      if (last !== null) end(last);
      await Promise.all(ending);
    },
  };
}
