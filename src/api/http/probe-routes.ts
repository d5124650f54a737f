import type { EtcdServices } from '../etcd/etcd-services.ts';
import { alarmsOf, type Check, linearizableRead, serializableRead } from './checks.ts';
import { type Route, type Routes, reply } from './route.ts';

type Checks = Readonly<Record<string, Check>>;

/**
 * etcd's `/livez` (this process answers) and `/readyz` (it serves): `ok`, or 503 with what failed. `?verbose` shows every check,
 * `?exclude=NAME` leaves one out, `?allowlist=NAME` runs only the named, and each check has a path of its own.
 */
export function probeRoutes(etcd: EtcdServices): Routes {
  const serializable: Check = () => serializableRead(etcd);
  const live: Checks = { serializable_read: serializable };
  const ready: Checks = {
    data_corruption: async () => (alarmsOf(etcd).includes('CORRUPT') ? 'alarm CORRUPT is raised' : null),
    serializable_read: serializable,
    linearizable_read: () => linearizableRead(etcd),
  };
  return [...routesOf('/livez', live), ...routesOf('/readyz', ready)];
}

function routesOf(path: string, checks: Checks): Routes {
  return [
    [path, probe(path, checks)],
    ...Object.entries(checks).map(
      ([name, check]) => [`${path}/${name}`, probe(`${path}/${name}`, { [name]: check })] as const,
    ),
  ];
}

function probe(path: string, checks: Checks): Route {
  return (query, response) => {
    const excluded = query.getAll('exclude');
    const allowed = query.getAll('allowlist');
    const chosen = Object.entries(checks).filter(
      ([name]) => !excluded.includes(name) && (allowed.length === 0 || allowed.includes(name)),
    );
    const unknown = [...excluded, ...allowed].filter((name) => checks[name] === undefined);
    const outcomes = chosen.map(async ([name, check]) => ({ name, failure: await check() }));
    void Promise.all(outcomes).then((done) => {
      const lines = done.map(({ name, failure }) =>
        failure === null ? `[+]${name} ok\n` : `[-]${name} failed: ${failure}\n`,
      );
      for (const name of unknown) lines.push(`warn: there is no check ${name}\n`);
      const failed = done.some(({ failure }) => failure !== null);
      const details = failed || query.has('verbose') ? lines.join('') : '';
      const verdict = failed ? `${path.slice(1)} check failed\n` : 'ok\n';
      reply(response, failed ? 503 : 200, 'text/plain; charset=utf-8', details + verdict);
    });
  };
}
