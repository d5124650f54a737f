import type { Candidate } from '../forecast.ts';
import { type Handler, handler, Moved } from '../worker/serve.ts';
import { type NamedHistory, OnlineEngine } from './engine.ts';
import { LoadedModels } from './loaded-models.ts';
import { historiesKind, loadModelKind, observeKind } from './messages.ts';
import { onlineCandidates } from './online-candidates.ts';
import { selectionChooser } from './selected-model.ts';

/** What intervals cover. */
const level = 0.9;

export interface OnlineHandlers {
  readonly handlers: readonly Handler[];
  /** Of all series that the engine has. */
  readonly histories: () => Iterable<NamedHistory>;
}

/** The engine behind its calls, one for the thread. */
export function onlineHandlers(): OnlineHandlers {
  let engine: OnlineEngine | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const models = new LoadedModels();
  const faults = { count: 0, last: '' };
  const chooser = selectionChooser({
    candidates: (): readonly Candidate[] => [...onlineCandidates, ...models.candidates],
    level,
    onFault: (candidate, error) => {
      faults.count++;
      faults.last = `${candidate}: ${String(error)}`;
    },
  });
  const observe = handler(observeKind, (request, { breathe }) => {
    engine ??= new OnlineEngine({
      chooser,
      nowMs: () => performance.now(),
      cpuMs: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1000;
      },
      memoryBytes: () => {
        const { heapTotal, external } = process.memoryUsage();
        return heapTotal + external;
      },
      breathe,
    });
    const ready = engine;
    const answer = turn.then(async () => {
      const told = await ready.observe(request);
      return new Moved({ ...told, faults: { ...faults } }, [toTransfer(told.rows)]);
    });
    // The next call's turn comes whatever becomes of this one.
    turn = answer.catch(() => {});
    return answer;
  });
  const load = handler(loadModelKind, ({ name, bytes }, { breathe }) => models.load(name, bytes, breathe));
  const histories = handler(historiesKind, ({ ids }) => ids.map((id) => engine?.history(id) ?? null));
  return { handlers: [observe, load, histories], histories: () => engine?.histories() ?? [] };
}

function toTransfer({ buffer }: Float64Array): ArrayBuffer {
  return buffer instanceof ArrayBuffer ? buffer : new ArrayBuffer(0);
}
