import type { ReplicationGauges } from '../../node/served-node.ts';
import { version } from '../version.ts';
import { counter, gauge, labelled, type Reading, type Scrape } from './reading.ts';

type Values = ReturnType<Reading['read']>;

/** A value for each other member. */
function peers(
  { node, inspection }: Scrape,
  value: (view: ReturnType<typeof node.member>) => number | null,
): Values {
  return node
    .routing()
    .members.filter(({ id }) => id !== inspection.raft.id)
    .map(({ id }) => [{ peer: id }, value(node.member(id))]);
}

const peer = ['peer'];
const space = ['space'];

/** Tanist's own metrics: roles and failover, suspicion and succession, sizes. */
export const tanistReadings: readonly Reading[] = [
  labelled('gauge', 'tanist_info', 'This node', ['version', 'node'], ({ inspection }) => [
    [{ version, node: inspection.raft.id }, 1],
  ]),
  labelled('gauge', 'tanist_role', 'Raft role of this node', ['role'], ({ inspection }) => [
    [{ role: inspection.raft.role }, 1],
  ]),
  gauge('tanist_primary', 'Whether this node serves writes', (s) => s.inspection.open),
  gauge('tanist_term', 'Raft term', (s) => s.inspection.raft.term),
  gauge('tanist_restoring', 'Whether a snapshot is being taken over', (s) => s.inspection.restoring),
  gauge(
    'tanist_quarantined',
    'Whether its state is wrong or lost, and it serves nothing',
    (s) => s.inspection.doubt !== null,
  ),
  gauge(
    'tanist_log_doubted',
    'Whether its log took the place of a damaged one, and counts for nothing yet',
    (s) => s.inspection.logDoubt !== null,
  ),
  counter(
    'tanist_rebuilds_total',
    "Times its state was made anew from a peer's",
    (s) => s.inspection.rebuilds,
  ),
  counter(
    'tanist_scrub_passes_total',
    'Times all that is stored was read in search of damage',
    (s) => s.inspection.scrub.passes,
  ),
  counter('tanist_scrub_bytes_total', 'Bytes read in search of damage', (s) => s.inspection.scrub.bytes),
  counter('tanist_scrub_faults_total', 'Damage found', (s) => s.inspection.scrub.faults),
  counter('tanist_failovers_total', 'Changes from one leader to another', (s) => s.leadership.failovers),
  counter(
    'tanist_leaderless_seconds_total',
    'Time without a leader',
    (s) => s.leadership.withoutLeaderSeconds,
  ),
  gauge(
    'tanist_last_outage_seconds',
    'How long the last leader was missing',
    (s) => s.leadership.lastOutageSeconds,
  ),
  gauge(
    'tanist_leader_silent_seconds',
    'Since the leader was heard; 0 on the leader',
    (s) => s.node.silentMs() / 1000,
  ),
  labelled('gauge', 'tanist_peer_silent_seconds', 'Since the peer was heard', peer, (s) =>
    peers(s, ({ measurements }) => measurements.silentMs / 1000),
  ),
  labelled('gauge', 'tanist_peer_patience_seconds', 'Silence that its measured arrivals allow', peer, (s) =>
    peers(s, ({ measurements }) => measurements.patienceMs / 1000),
  ),
  labelled('gauge', 'tanist_peer_suspected', 'Whether its silence is longer than that', peer, (s) =>
    peers(s, ({ measurements }) => Number(measurements.silentMs >= measurements.patienceMs)),
  ),
  labelled('gauge', 'tanist_peer_doubted', 'Whether it counts for no quorum', peer, (s) =>
    peers(s, ({ measurements }) => Number(measurements.doubt !== null)),
  ),
  labelled('gauge', 'tanist_peer_round_trip_seconds', 'Smoothed round trip', peer, (s) =>
    peers(s, ({ measurements: { roundTripMs } }) => (roundTripMs === null ? null : roundTripMs / 1000)),
  ),
  counter(
    'tanist_peer_received_bytes_total',
    "Received in peers' messages, snapshots apart",
    (s) => s.gauges.peerBytesReceived,
  ),
  labelled('gauge', 'tanist_peer_match_index', 'Log index it has durably, as the leader knows', peer, (s) =>
    peers(s, ({ measurements }) => measurements.match),
  ),
  labelled('gauge', 'tanist_succession_score', 'How fit it is to lead, 0 to 1', peer, (s) =>
    peers(s, ({ score }) => score.value),
  ),
  labelled(
    'gauge',
    'tanist_succession_rank',
    'Its place in the succession, 1 the first heir',
    peer,
    ({ node }) => node.routing().succession.map((id, i) => [{ peer: id }, i + 1]),
  ),
  gauge(
    'tanist_event_loop_lag_seconds',
    'Smoothed lateness of the event loop',
    (s) => s.gauges.loopLagMs / 1000,
  ),
  gauge(
    'tanist_event_loop_busy_ratio',
    'Part of the time it was busy since the last scrape',
    (s) => s.process.loopBusy,
  ),
  labelled(
    'gauge',
    'tanist_vital_sign',
    'What may end this node: parts of 1 (memory, disk), ms (sync, loop)',
    ['signal'],
    ({ gauges }) => Object.entries(gauges.signs).map(([signal, { now }]) => [{ signal }, now]),
  ),
  labelled(
    'counter',
    'tanist_hand_overs_before_death_total',
    'Hand-overs that this node began (open), and those that it judged',
    ['signal', 'verdict'],
    ({ gauges }) => gauges.handOvers.map(({ signal, verdict, count }) => [{ signal, verdict }, count]),
  ),
  gauge('tanist_image_bytes', 'State image on disk', (s) => s.gauges.imageBytes),
  gauge('tanist_log_bytes', 'Log on disk', (s) => s.gauges.logBytes),
  gauge('tanist_watchers', 'Watchers', (s) => s.gauges.watchers),
  gauge('tanist_sessions', 'Client sessions', (s) => s.inspection.sessions),
  gauge('tanist_leases', 'Leases', (s) => s.inspection.leases),
  gauge('tanist_reads_waiting', 'Linearizable reads waiting for a quorum', (s) => s.gauges.readsWaiting),
  gauge('tanist_cluster_time_seconds', 'Cluster time', (s) => s.inspection.clusterTimeMs / 1000),
  labelled('gauge', 'tanist_keys', 'Keys by space', space, (s) =>
    Object.entries(s.inspection.spaces).map(([name, { keys }]) => [{ space: name }, keys]),
  ),
  labelled('gauge', 'tanist_revision', 'Revision by space', space, (s) =>
    Object.entries(s.inspection.spaces).map(([name, { revision }]) => [{ space: name }, revision]),
  ),
];

/** Of a replica beyond the quorum; a hot node has none of them. */
const ofReplica =
  (value: (gauges: ReplicationGauges) => number) =>
  ({ node }: Scrape): number | null => {
    const gauges = node.replication();
    return gauges === null ? null : value(gauges);
  };

export const replicaReadings: readonly Reading[] = [
  labelled('gauge', 'tanist_replica_source', 'The hot node that it follows', ['source'], ({ node }) => {
    const source = node.replication()?.source ?? null;
    return source === null ? [] : [[{ source }, 1]];
  }),
  gauge(
    'tanist_replica_lag_seconds',
    'How long changes took to be taken over',
    ofReplica((g) => g.lagMs / 1000),
  ),
  gauge(
    'tanist_replica_lag_revisions',
    'Behind the leader, as known at the last mark or snapshot',
    ofReplica((g) => g.lagRevisions),
  ),
  gauge(
    'tanist_replica_age_seconds',
    'Since what is held was level with the source',
    ofReplica((g) => g.ageMs / 1000),
  ),
  gauge(
    'tanist_replica_keys',
    'Keys that it holds',
    ofReplica((g) => g.keys),
  ),
  gauge(
    'tanist_replica_bytes',
    'Bytes of keys and values that it holds',
    ofReplica((g) => g.bytes),
  ),
  counter(
    'tanist_replica_received_bytes_total',
    'Received from sources',
    ofReplica((g) => g.bytesReceived),
  ),
  counter(
    'tanist_replica_marks_total',
    'Marks taken over',
    ofReplica((g) => g.marks),
  ),
  counter(
    'tanist_replica_digest_checks_total',
    'Range digests compared',
    ofReplica((g) => g.digestChecks),
  ),
  counter(
    'tanist_replica_quarantined_total',
    'Found wrong and fetched anew',
    ofReplica((g) => g.quarantined),
  ),
  counter(
    'tanist_replica_source_changes_total',
    'Times that it began to follow',
    ofReplica((g) => g.sourceChanges),
  ),
];

/** The names that Prometheus' own client libraries use. */
export const processReadings: readonly Reading[] = [
  counter('process_cpu_seconds_total', 'CPU time, user and system', (s) => s.process.cpuSeconds),
  gauge('process_start_time_seconds', 'Start, in seconds since 1970', (s) => s.process.startSeconds),
  gauge('process_resident_memory_bytes', 'Resident memory', (s) => s.process.residentBytes),
  gauge('process_virtual_memory_bytes', 'Virtual memory', (s) => s.process.virtualBytes),
  gauge('process_open_fds', 'Open file descriptors', (s) => s.process.openFiles),
  gauge('process_max_fds', 'Most file descriptors', (s) => s.process.mostFiles),
  gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use', (s) => s.process.heapUsedBytes),
  gauge('nodejs_heap_size_total_bytes', 'JavaScript heap', (s) => s.process.heapTotalBytes),
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap', (s) => s.process.externalBytes),
];
