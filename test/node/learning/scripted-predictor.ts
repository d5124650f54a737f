import { TanistError } from '../../../src/foundation/errors.ts';
import type { Predictor } from '../../../src/node/prediction/predictor.ts';
import { learningHandlers } from '../../../src/prediction/learning/thread.ts';
import { onlineHandlers } from '../../../src/prediction/online/handler.ts';
import type { WorkerState } from '../../../src/prediction/worker/host.ts';
import { type Handler, Moved, type ThreadContext } from '../../../src/prediction/worker/serve.ts';

type Script = (payload: never) => unknown;

/** The worker's handlers without the thread; a test may answer some of the calls itself, hold them, or let the thread die. */
export class ScriptedPredictor implements Predictor {
  state: WorkerState = 'running';
  faults = 0;
  /** Calls so far, by kind. */
  readonly calls: string[] = [];
  readonly scripts = new Map<string, Script>();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #listeners = new Set<(state: WorkerState) => void>();
  readonly #refusals = new Set<(error: Error) => void>();
  #handlers = fresh();

  readonly call: Predictor['call'] = (kind, request) => {
    this.calls.push(kind.name);
    const answered = this.#answer(kind.name, request);
    const died = new Promise<never>((_, reject) => {
      this.#refusals.add(reject);
      answered.finally(() => this.#refusals.delete(reject)).catch(() => {});
    });
    const settled = Promise.race([answered, died]);
    this.#underWay.add(settled);
    settled.finally(() => this.#underWay.delete(settled)).catch(() => {});
    return settled as never;
  };

  onState(listener: (state: WorkerState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Answers calls of this kind from now on. */
  on(kind: string, script: Script): void {
    this.scripts.set(kind, script);
  }

  /** Holds calls of this kind; the function that it returns answers the one that is held. */
  hold(kind: string): (answer: unknown) => void {
    let release: (answer: unknown) => void = () => {};
    const held = new Promise((resolve) => {
      release = resolve;
    });
    this.on(kind, () => held);
    return release;
  }

  /** Until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The thread dies with all that it knew; another one is there at once. */
  die(): void {
    this.faults++;
    this.#handlers = fresh();
    for (const refuse of [...this.#refusals])
      refuse(new TanistError('unavailable', 'the prediction worker stopped; it restarts'));
    for (const state of ['restarting', 'running'] as const) {
      this.state = state;
      for (const listener of this.#listeners) listener(state);
    }
  }

  async #answer(name: string, request: unknown): Promise<unknown> {
    const script = this.scripts.get(name);
    if (script !== undefined) return script(request as never);
    const served = this.#handlers.get(name);
    if (served === undefined) throw new TanistError('invalid-argument', `no handler of ${name}`);
    const answer = await served.serve(request, context);
    return answer instanceof Moved ? answer.answer : answer;
  }
}

const context: ThreadContext = {
  emit: () => {},
  breathe: async () => {},
};

function fresh(): ReadonlyMap<string, Handler> {
  const online = onlineHandlers();
  return new Map(
    [...online.handlers, ...learningHandlers(online.histories)].map((each) => [each.kind, each]),
  );
}
