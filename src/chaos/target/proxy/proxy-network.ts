import { Worker } from 'node:worker_threads';
import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { freePorts } from '../../../local/ports.ts';
import type { Network, Place } from '../network.ts';
import type { Answer, NumberedOrder, Order, Way } from './orders.ts';
import { routesVariable } from './routes.ts';

const host = '127.0.0.1';

export interface ProxyOptions {
  readonly ids: readonly string[];
  /** Services of a member that have a port each. */
  readonly portsEach: number;
  /** Those among them that other members call. */
  readonly called: readonly number[];
  readonly why: string;
}

/** All members on loopback, with a proxy between every ordered pair. Errors: `port-taken`. */
export async function proxyNetwork({ ids, portsEach, called, why }: ProxyOptions): Promise<Network> {
  const ports = await freePorts(ids.length * portsEach);
  const places: readonly Place[] = ids.map((id, n) => ({
    id,
    host,
    ports: ports.slice(n * portsEach, (n + 1) * portsEach),
  }));
  const pairs = places.flatMap((to) =>
    ids.filter((from) => from !== to.id).flatMap((from) => called.map((use) => ({ from, to, use }))),
  );
  const doors = await freePorts(pairs.length);
  const ways = pairs.map(
    ({ from, to, use }, n): Way => ({
      from,
      to: to.id,
      port: present(doors[n], 'a port each'),
      target: `${host}:${present(to.ports[use], 'a port each')}`,
    }),
  );
  const proxy = startProxy();
  await proxy.follow({ kind: 'open', ways }).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  return {
    why,
    places,
    links: {
      how: 'proxy',
      can: (ability) => ability !== 'loss',
      shape: (from, to, shape) => proxy.follow({ kind: 'shape', from, to, shape }),
      heal: () => proxy.follow({ kind: 'heal' }),
    },
    start: (id) => ({
      prefix: [],
      flags: ['--import', new URL('./reroute.js', import.meta.url).href],
      env: {
        [routesVariable]: JSON.stringify(
          Object.fromEntries(
            ways.filter(({ from }) => from === id).map(({ target, port }) => [target, port]),
          ),
        ),
      },
    }),
    started: (id, pid) => proxy.follow({ kind: 'process', id, pid }),
    close: () => proxy.close(),
  };
}

export interface Proxy {
  follow(order: Order): Promise<void>;
  close(): Promise<void>;
}

export function startProxy(): Proxy {
  const worker = new Worker(new URL('./proxy-thread.js', import.meta.url));
  const open = new Map<number, { resolve(): void; reject(error: Error): void }>();
  let last = 0;
  let end: Error | null = null;
  const over = (error: Error): void => {
    end = error;
    for (const { reject } of open.values()) reject(error);
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
