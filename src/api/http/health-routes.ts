import type { EtcdServices } from '../etcd/etcd-services.ts';
import { alarmsOf, linearizableRead, serializableRead } from './checks.ts';
import { type Routes, replyJson } from './route.ts';

/** etcd's `/health`: 200 when no alarm is raised and a read answers. `?serializable=true` needs no leader, `?exclude=NOSPACE` ignores an alarm. */
export function healthRoutes(etcd: EtcdServices): Routes {
  const reasonOf = async (query: URLSearchParams): Promise<string | null> => {
    const excluded = new Set(query.getAll('exclude'));
    const alarm = alarmsOf(etcd).find((name) => !excluded.has(name));
    if (alarm !== undefined) return `ALARM ${alarm}`;
    const serializable = query.get('serializable') === 'true';
    const failure = await (serializable ? serializableRead(etcd) : linearizableRead(etcd));
    return failure === null || failure === 'RAFT NO LEADER' ? failure : `RANGE ERROR:${failure}`;
  };
  return [
    [
      '/health',
      (query, response) =>
        void reasonOf(query).then((reason) =>
          replyJson(response, reason === null ? 200 : 503, {
            health: reason === null ? 'true' : 'false',
            reason: reason ?? '',
          }),
        ),
    ],
  ];
}
