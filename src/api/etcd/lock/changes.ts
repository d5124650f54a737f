import { TanistError } from '../../../foundation/errors.ts';
import type { WatchedChange, WatchRequest } from '../../../node/node.ts';
import type { ServedNode } from '../../../node/served-node.ts';

/**
 * What is changed, as it happens, in the caller's time: while it works on one change the watch is paused. Returns when the signal is
 * aborted, or when the watch ends by itself: then what was missed must be read. Fails with `too-many-watchers`.
 */
export async function* changes(
  node: ServedNode,
  request: WatchRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchedChange, void, undefined> {
  let arrived: readonly WatchedChange[] = [];
  let over = signal.aborted;
  let failure: TanistError | null = null as TanistError | null;
  let wake: () => void = () => {};
  const end = (): void => {
    over = true;
    wake();
  };
  const handle = node.watch(request, {
    events: ({ events }) => {
      arrived = events;
      wake();
      return false;
    },
    ended: ({ code, message }) => {
      // To begin again at once would be in vain, without end.
      if (code === 'too-many-watchers') failure = new TanistError(code, message);
      end();
    },
  });
  signal.addEventListener('abort', end);
  try {
    while (!over) {
      if (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const events = arrived;
      arrived = [];
      for (const event of events) {
        if (signal.aborted) return;
        yield event;
      }
      handle.resume();
    }
    if (failure !== null && !signal.aborted) throw failure;
  } finally {
    signal.removeEventListener('abort', end);
    handle.cancel();
  }
}
