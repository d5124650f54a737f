import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { freePorts } from '../../../local/ports.ts';
import { type Network, type Place, requireMember } from '../network.ts';
import type { Way } from './orders.ts';
import { startProxy } from './proxy.ts';
import { routesVariable } from './routes.ts';

const host = '127.0.0.1';

export interface ProxyOptions {
  readonly ids: readonly string[];
  /** Services of a member that have a port each. */
  readonly portsEach: number;
  /** Those among them that other members call. */
  readonly called: readonly number[];
  /**
   * How the proxy comes to know who calls. `rerouted`: each member has doors of its own, and connects there (Node.js alone). `looked-up`: all call the same door,
   * which the callee advertises, and the kernel knows whose connection it is.
   */
  readonly callers: 'rerouted' | 'looked-up';
  readonly why: string;
}

/** All members on loopback, with a proxy between every ordered pair. Errors: `port-taken`. */
export async function proxyNetwork(options: ProxyOptions): Promise<Network> {
  const { ids, portsEach, called, callers, why } = options;
  const ports = await freePorts(ids.length * portsEach);
  const places = ids.map(
    (id, n): Place => ({ id, host, ports: ports.slice(n * portsEach, (n + 1) * portsEach) }),
  );
  const address = (place: Place, use: number): string =>
    `${host}:${present(place.ports[use], 'a port for each use')}`;
  const wanted = places.flatMap((to) =>
    called.flatMap((use) =>
      (callers === 'looked-up' ? [null] : ids.filter((from) => from !== to.id)).map((from) => ({
        from,
        to,
        use,
      })),
    ),
  );
  const doors = await freePorts(wanted.length);
  const ways = wanted.map(
    ({ from, to, use }, n): Way => ({
      from,
      to: to.id,
      port: present(doors[n], 'a port each'),
      target: address(to, use),
    }),
  );
  const proxy = startProxy();
  await proxy.follow({ kind: 'open', ways }).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  return {
    places,
    links: {
      how: 'proxy',
      why,
      can: (ability) => ability !== 'loss',
      shape: async (from, to, shape) => {
        for (const id of [from, to]) requireMember(id, new Set(ids));
        if ((shape.loss ?? 0) > 0)
          throw new TanistError('unavailable', 'loss: the proxy forwards connections, and loses no packets');
        await proxy.follow({ kind: 'shape', from, to, shape });
      },
      heal: () => proxy.follow({ kind: 'heal' }),
    },
    advertised: (id, use) => {
      const real = address(
        present(
          places.find((place) => place.id === id),
          `no member ${id}`,
        ),
        use,
      );
      const way = ways.find(({ from, target }) => from === null && target === real);
      return way === undefined ? real : `${host}:${way.port}`;
    },
    start: (id) => ({
      prefix: [],
      flags: callers === 'rerouted' ? ['--import', new URL('./reroute.js', import.meta.url).href] : [],
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
