import { replicaStatusOf } from '../../failover/replica-status.ts';
import { type NodeId, type Revision, revision } from '../../foundation/ids.ts';
import type { ReplicaView } from '../../node/beyond/replica-book.ts';
import { replicaLag } from '../../node/beyond/replica-lag.ts';
import type { NodeInspection } from '../../node/node.ts';
import type { ServedNode } from '../../node/served-node.ts';
import { spaces } from '../../ports/delta.ts';
import type { ReplicaStatus } from '../../ports/replica-status.ts';
import { tierOf } from '../../ports/tier.ts';
import type { Member } from '../../protocol/status/routing.ts';
import type { MemberStatus, Status } from '../../protocol/status/status.ts';
import { version } from '../version.ts';

/** The cluster as this node sees it; lags and scores of others are the leader's to know, so a follower shows what it has measured itself. */
export function statusOf(node: ServedNode, clusterId: string): Status {
  const inspection = node.inspect();
  const { raft } = inspection;
  const routing = node.routing();
  return {
    clusterId,
    id: raft.id,
    version,
    leader: raft.leader,
    term: raft.term,
    commit: raft.commit,
    applied: inspection.applied,
    clusterTimeMs: inspection.clusterTimeMs,
    members: routing.members.map((member) => memberStatus(node, inspection, member)),
    spaces: spaces.map((space) => ({ space, ...inspection.spaces[space], digestIndex: inspection.applied })),
    succession: routing.succession,
    sessions: inspection.sessions,
    leases: inspection.leases,
    alarms: inspection.alarms,
    predictor: node.prediction?.status() ?? null,
  };
}

function memberStatus(
  node: ServedNode,
  { raft, spaces, applied }: NodeInspection,
  member: Member,
): MemberStatus {
  const { id } = member;
  const self = id === raft.id;
  if (member.tier === 'warm' || member.tier === 'cold') {
    const counts = [raft.configuration.voters, raft.configuration.learners].some((ids) => ids.includes(id));
    if (!counts) return replicaStatus(node, spaces.user.revision, member);
  }
  const view = node.member(id);
  const { silentMs, patienceMs, match } = view.measurements;
  const suspected = !self && silentMs >= patienceMs;
  const known = self ? applied : (view.report?.applied ?? 0);
  const revisionOf = self ? spaces.user.revision : (view.report?.revision ?? revision(0));
  const lagRevisions = Math.max(0, spaces.user.revision - revisionOf);
  return {
    member,
    role: roleOf(raft, id, suspected),
    applied: known,
    match: self ? raft.durable : match,
    lagRevisions,
    lagMs: self ? 0 : silentMs,
    score: view.score.value,
    scoreTerms: view.score.terms,
    health: healthOf(node, id, suspected),
    bootCounter: node.bootCounterOf(id),
    replica: node.weigh(id)?.status ?? replicaStatusOf(view.measurements, tierOf(member.tier)),
    models: node.modelsOf(id),
  };
}

/** In a word, and why where that is not plain. */
function healthOf(node: ServedNode, id: NodeId, suspected: boolean): string {
  const { raft, doubt, logDoubt, doubtedPeers } = node.inspect();
  const self = id === raft.id;
  const { report } = node.member(id);
  const reason = self ? doubt : (report?.integrity?.doubt ?? null);
  if (!self && suspected) return doubtedPeers.has(id) ? 'doubted' : 'suspected';
  if (reason !== null) return `quarantined: ${reason}`;
  if (node.state.isCorrupt(id))
    return 'in dispute: replicas differ, and no majority agrees; see tanist repair';
  if (self && logDoubt !== null) return `doubted: ${logDoubt}`;
  if (doubtedPeers.has(id)) return 'doubted';
  return report?.diskFree === 0 ? 'disk full: takes no writes until there is room' : 'healthy';
}

function roleOf(raft: NodeInspection['raft'], id: string, suspected: boolean): string {
  if (raft.leader === id) return 'leader';
  if (suspected) return 'unreachable';
  if (raft.configuration.learners.some((learner) => learner === id)) return 'learner';
  if (id === raft.id && raft.role !== 'follower') return 'candidate';
  return 'follower';
}

/** A replica beyond the quorum, by what it last said: the leader hears of all, a node that feeds it of that one. */
function replicaStatus(node: ServedNode, latest: Revision, member: Member): MemberStatus {
  const view = node.replica(member.id);
  const weighed = node.weigh(member.id);
  const report = view?.report ?? null;
  const lag = view === null ? { revisions: latest, ms: 0 } : replicaLag(view, latest);
  return {
    member,
    role: view?.reachable === true ? member.tier : view === null ? 'unknown' : 'unreachable',
    applied: 0,
    match: 0,
    lagRevisions: lag.revisions,
    lagMs: lag.ms,
    score: weighed?.score.value ?? 0,
    scoreTerms: weighed?.score.terms ?? [],
    health:
      view === null || report === null
        ? 'unknown'
        : !view.reachable
          ? 'suspected'
          : (report.trouble ?? 'healthy'),
    bootCounter: 0,
    replica: weighed?.status ?? unweighed(member, view),
    models: node.modelsOf(member.id),
  };
}

/** Of a member beyond the quorum, at one that does not weigh others. */
function unweighed({ id, tier }: Member, view: ReplicaView | null): ReplicaStatus {
  return {
    id,
    tier: tierOf(tier),
    heartbeat: view?.reachable === true ? 'alive' : 'lost',
    silentMs: view?.ageMs ?? 0,
    modelDivergence: null,
    dataIntegrity: view?.report.trouble === null ? 1 : 0,
    trouble: view?.report.trouble ?? null,
    networkLatencyMs: null,
  };
}
