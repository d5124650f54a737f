import { Worker } from 'node:worker_threads';
import { TanistError } from '../../../foundation/errors.ts';
import type { Answer, NumberedOrder, Order } from './orders.ts';

/** The harness's side of the proxy's thread. */
export interface Proxy {
  /** Resolves when the order is carried out. Errors: `port-taken`, `closed`. */
  follow(order: Order): Promise<void>;
  close(): Promise<void>;
}

export function startProxy(): Proxy {
  const worker = new Worker(new URL('./proxy-thread.js', import.meta.url));
  const open = new Map<number, { resolve(): void; reject(error: Error): void }>();
  let last = 0;
  let end: Error | null = null;
  const over = (error: Error): void => {
    end ??= error;
    for (const { reject } of open.values()) reject(end);
    open.clear();
  };
  worker.on('message', ({ number, error }: Answer) => {
    const waiting = open.get(number);
    open.delete(number);
    if (open.size === 0) worker.unref();
    if (error === null) waiting?.resolve();
    else waiting?.reject(new TanistError('port-taken', error));
  });
  worker.on('error', (cause) =>
    over(new TanistError('unavailable', `the proxy ended: ${cause.message}`, { cause })),
  );
  worker.on('exit', () => over(new TanistError('closed', 'the proxy is closed')));
  worker.unref();
  return {
    follow: (order) =>
      new Promise((resolve, reject) => {
        if (end !== null) return reject(end);
        const number = ++last;
        open.set(number, { resolve, reject });
        worker.ref();
        const message: NumberedOrder = { number, order };
        worker.postMessage(message);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}
