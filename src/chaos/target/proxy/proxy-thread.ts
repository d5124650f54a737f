import { parentPort } from 'node:worker_threads';
import type { Answer, NumberedOrder } from './orders.ts';
import { Switchboard } from './switchboard.ts';

/** The proxy runs in a thread of its own, so that what the harness is busy with does not look like a slow network. */
const board = new Switchboard();

parentPort?.on('message', ({ number, order }: NumberedOrder) => {
  const answer = (error: string | null): void => {
    const message: Answer = { number, error };
    parentPort?.postMessage(message);
  };
  board.follow(order).then(
    () => answer(null),
    (error: unknown) => answer(error instanceof Error ? error.message : String(error)),
  );
});
