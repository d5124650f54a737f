import { status } from '@grpc/grpc-js';
import { etcdVersion } from '../etcd/maintenance/etcd-version.ts';
import { counter, gauge, labelled, type Reading } from './reading.ts';

/** Names of the codes as Go's gRPC spells them. */
const codeNames: readonly string[] = Object.values(status)
  .filter((name) => typeof name === 'string')
  .map((name) =>
    name === 'OK' ? name : name.replaceAll(/(?:^|_)([A-Z]+)/g, (_, word: string) => capital(word)),
  )
  .map((name) => (name === 'Cancelled' ? 'Canceled' : name));

/** Metrics of etcd's that mean here what they mean there; dashboards and alarms made for etcd show them. */
export const etcdReadings: readonly Reading[] = [
  gauge(
    'etcd_server_has_leader',
    'Whether this node knows a leader',
    (s) => s.inspection.raft.leader !== null,
  ),
  gauge('etcd_server_is_leader', 'Whether this node leads', (s) => s.inspection.raft.role === 'leader'),
  gauge('etcd_server_is_learner', 'Whether this node learns without a vote', ({ inspection: { raft } }) =>
    raft.configuration.learners.includes(raft.id),
  ),
  counter('etcd_server_leader_changes_seen_total', 'Leaders seen', (s) => s.leadership.seen),
  gauge('etcd_server_proposals_committed_total', 'Entries committed', (s) => s.inspection.raft.commit),
  gauge('etcd_server_proposals_applied_total', 'Entries applied', (s) => s.inspection.applied),
  gauge('etcd_server_proposals_pending', 'Writes waiting for the quorum', (s) => s.gauges.commandsWaiting),
  counter('etcd_server_proposals_failed_total', 'Writes refused or given up', (s) => s.gauges.commandsFailed),
  labelled('gauge', 'etcd_server_id', 'Number of this member, in hexadecimal', ['server_id'], (s) => [
    [{ server_id: s.memberId }, 1],
  ]),
  labelled('gauge', 'etcd_server_version', 'Version of the API that is served', ['server_version'], () => [
    [{ server_version: etcdVersion }, 1],
  ]),
  labelled('gauge', 'etcd_cluster_version', 'Version of the API in the cluster', ['cluster_version'], () => [
    [{ cluster_version: etcdVersion.split('.').slice(0, 2).join('.') }, 1],
  ]),
  gauge('etcd_mvcc_db_total_size_in_bytes', 'State on disk', (s) => s.sizes?.diskBytes ?? null),
  gauge(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'Live state, which the quota bounds',
    (s) => s.sizes?.liveBytes ?? null,
  ),
  gauge(
    'etcd_debugging_mvcc_db_total_size_in_bytes',
    'State on disk, by its old name',
    (s) => s.sizes?.diskBytes ?? null,
  ),
  gauge(
    'etcd_server_quota_backend_bytes',
    'Most live state that this node lets in as a leader; 0: no bound',
    (s) => s.gauges.quotaBytes,
  ),
  gauge('etcd_debugging_mvcc_keys_total', 'Keys', (s) => s.inspection.spaces.user.keys),
  gauge('etcd_debugging_mvcc_current_revision', 'Revision', (s) => s.inspection.spaces.user.revision),
  gauge('etcd_debugging_mvcc_compact_revision', 'Compacted up to', (s) => s.inspection.spaces.user.compacted),
  gauge('etcd_debugging_mvcc_watcher_total', 'Watchers', (s) => s.gauges.watchers),
  gauge('os_fd_used', 'Open file descriptors', (s) => s.process.openFiles),
  gauge('os_fd_limit', 'Most file descriptors', (s) => s.process.mostFiles),
  labelled(
    'counter',
    'grpc_server_started_total',
    'Calls begun, by method',
    ['grpc_service', 'grpc_method', 'grpc_type'],
    ({ calls }) =>
      calls.map(({ service, method, type, started }) => [
        { grpc_service: service, grpc_method: method, grpc_type: type },
        started,
      ]),
  ),
  labelled(
    'counter',
    'grpc_server_handled_total',
    'Calls ended, by method and code',
    ['grpc_service', 'grpc_method', 'grpc_type', 'grpc_code'],
    ({ calls }) =>
      calls.flatMap(({ service, method, type, handled }) =>
        handled.flatMap((count, code) => {
          if (count === 0 && code !== status.OK) return [];
          const name = codeNames[code] ?? String(code);
          const labels = { grpc_service: service, grpc_method: method, grpc_type: type, grpc_code: name };
          return [[labels, count] as const];
        }),
      ),
  ),
];

function capital(word: string): string {
  return word.charAt(0) + word.slice(1).toLowerCase();
}
