import type { Predictor } from '../../node/prediction/predictor.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import { type PredictionWorker, startWorker, type WorkerState } from '../../prediction/worker/host.ts';
import { systemClock } from '../system-clock.ts';

/** The thread that forecasts, started with the first call: a node where nothing is predicted has none. */
export class LazyPredictor implements Predictor {
  readonly #nodeLog: NodeLog;
  readonly #memoryMb: number;
  readonly #listeners = new Set<(state: WorkerState) => void>();
  #worker: PredictionWorker | null = null;
  #closed = false;

  /** `memoryMb`: of its JavaScript heap; beyond it the thread dies and starts anew. */
  constructor(nodeLog: NodeLog, memoryMb: number) {
    this.#nodeLog = nodeLog;
    this.#memoryMb = memoryMb;
  }

  get state(): WorkerState {
    return this.#closed ? 'closed' : (this.#worker?.state ?? 'running');
  }

  get faults(): number {
    return this.#worker?.faults ?? 0;
  }

  readonly call: Predictor['call'] = async (kind, request, options) =>
    this.#started().call(kind, request, options);

  onState(listener: (state: WorkerState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.close();
  }

  #started(): PredictionWorker {
    if (this.#worker !== null) return this.#worker;
    const worker = startWorker({
      heapMiB: this.#memoryMb,
      schedule: (delayMs, act) => systemClock.after(delayMs, act),
      onFault: (error) => this.#nodeLog.warn('predictor', { error: error.message }),
    });
    worker.onState((state) => this.#tell(state));
    // A thread that could not be started is known before anybody listens.
    if (worker.state !== 'running') this.#tell(worker.state);
    // Whoever calls after the end hears that it is closed.
    if (this.#closed) void worker.close();
    this.#worker = worker;
    return worker;
  }

  #tell(state: WorkerState): void {
    for (const listener of this.#listeners) listener(state);
  }
}
