import { replicaStatusOf } from '../failover/replica-status.ts';
import { revision } from '../foundation/ids.ts';
import type { NodeInspection, TanistNode } from '../node/node.ts';
import { spaces } from '../ports/delta.ts';
import { tierOf } from '../ports/tier.ts';
import type { Member } from '../protocol/routing.ts';
import type { MemberStatus, Status } from '../protocol/status.ts';
import { version } from './version.ts';

/** The cluster as this node sees it; lags and scores of others are the leader's to know, so a follower shows what it has measured itself. */
export function statusOf(node: TanistNode, clusterId: string): Status {
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
  };
}

function memberStatus(
  node: TanistNode,
  { raft, spaces, doubtedPeers, applied }: NodeInspection,
  member: Member,
): MemberStatus {
  const { id } = member;
  const self = id === raft.id;
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
    health: doubtedPeers.has(id) ? 'doubted' : suspected ? 'suspected' : 'healthy',
    bootCounter: node.bootCounterOf(id),
    replica: node.observation.weigh(id)?.status ?? replicaStatusOf(view.measurements, tierOf(member.tier)),
  };
}

function roleOf(raft: NodeInspection['raft'], id: string, suspected: boolean): string {
  if (raft.leader === id) return 'leader';
  if (suspected) return 'unreachable';
  if (raft.configuration.learners.some((learner) => learner === id)) return 'learner';
  if (id === raft.id && raft.role !== 'follower') return 'candidate';
  return 'follower';
}
