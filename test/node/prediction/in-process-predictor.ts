import { TanistError } from '../../../src/foundation/errors.ts';
import type { Predictor } from '../../../src/node/prediction/predictor.ts';
import { OnlineEngine } from '../../../src/prediction/online/engine.ts';
import type { ObserveAnswer, ObserveRequest } from '../../../src/prediction/online/messages.ts';
import { onlineCandidates } from '../../../src/prediction/online/online-candidates.ts';
import { selectionChooser } from '../../../src/prediction/online/selected-model.ts';
import type { WorkerState } from '../../../src/prediction/worker/host.ts';

/** The engine without its thread, with its time, its faults and its answers in the hands of the test. */
export class InProcessPredictor implements Predictor {
  state: WorkerState = 'running';
  faults = 0;
  /** Answers nothing until it is told to. */
  hangs = false;
  /** Of candidates, as the thread would count them. */
  failed: ObserveAnswer['faults'];
  readonly requests: ObserveRequest[] = [];
  readonly #listeners = new Set<(state: WorkerState) => void>();
  #refuse: ((error: Error) => void) | null = null;
  #engine = newEngine();

  readonly call: Predictor['call'] = async (kind, request) => {
    if (kind.name === 'online.histories')
      return (request as { ids: readonly number[] }).ids.map((id) => this.#engine.history(id)) as never;
    if (kind.name !== 'online.observe')
      throw new TanistError('invalid-argument', `no handler of ${kind.name}`);
    this.requests.push(request as ObserveRequest);
    if (this.hangs)
      await new Promise((_, reject) => {
        this.#refuse = reject;
      });
    const answer = await this.#engine.observe(request as ObserveRequest);
    return (this.failed === undefined ? answer : { ...answer, faults: this.failed }) as never;
  };

  onState(listener: (state: WorkerState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  become(state: WorkerState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  /** As a thread that dies, or is taken for hung: all that it knew is gone. */
  fault(): void {
    this.faults++;
    this.#engine = newEngine();
    this.hangs = false;
    this.become('restarting');
    this.#refuse?.(new TanistError('unavailable', 'the prediction worker stopped; it restarts'));
    this.#refuse = null;
  }
}

function newEngine(): OnlineEngine {
  let nowMs = 0;
  return new OnlineEngine({
    chooser: selectionChooser({ candidates: () => onlineCandidates, level: 0.9, onFault: () => {} }),
    // Every look is a little later, so that budgets are used and filled the same way in every run.
    nowMs: () => (nowMs += 0.01),
    cpuMs: () => nowMs,
    memoryBytes: () => 0,
    breathe: async () => {},
  });
}
