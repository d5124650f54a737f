import { type Handler, handler, Moved } from '../worker/serve.ts';
import { type NamedHistory, OnlineEngine } from './engine.ts';
import { observeKind } from './messages.ts';
import { simpleChooser } from './simple-chooser.ts';

export interface OnlineHandler extends Handler {
  /** Of all series that the engine has. */
  readonly histories: () => Iterable<NamedHistory>;
}

/** The engine behind its call, one for the thread. */
export function onlineHandler(): OnlineHandler {
  let engine: OnlineEngine | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const observe = handler(observeKind, (request, { breathe }) => {
    engine ??= new OnlineEngine({
      chooser: simpleChooser,
      nowMs: () => performance.now(),
      memoryBytes: () => {
        const { heapTotal, external } = process.memoryUsage();
        return heapTotal + external;
      },
      breathe,
    });
    const ready = engine;
    const answer = turn.then(async () => {
      const told = await ready.observe(request);
      return new Moved(told, [toTransfer(told.rows)]);
    });
    // The next call's turn comes whatever becomes of this one.
    turn = answer.catch(() => {});
    return answer;
  });
  return { ...observe, histories: () => engine?.histories() ?? [] };
}

function toTransfer({ buffer }: Float64Array): ArrayBuffer {
  return buffer instanceof ArrayBuffer ? buffer : new ArrayBuffer(0);
}
