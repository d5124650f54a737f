import { type NodeId, revision } from '../foundation/ids.ts';
import type { NodeInspection, TanistNode } from '../node/node.ts';
import { spaces } from '../ports/delta.ts';
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
  { raft, spaces, applied }: NodeInspection,
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
    health: healthOf(node, id, suspected),
    bootCounter: node.bootCounterOf(id),
  };
}

/** In a word, and why where that is not plain. */
function healthOf(node: TanistNode, id: NodeId, suspected: boolean): string {
  const { raft, doubt, logDoubt, doubtedPeers } = node.inspect();
  const self = id === raft.id;
  const reason = self ? doubt : (node.member(id).report?.integrity?.doubt ?? null);
  if (!self && suspected) return doubtedPeers.has(id) ? 'doubted' : 'suspected';
  if (reason !== null) return `quarantined: ${reason}`;
  if (node.state.isCorrupt(id))
    return 'in dispute: replicas differ, and no majority agrees; see tanist repair';
  if (self && logDoubt !== null) return `doubted: ${logDoubt}`;
  return doubtedPeers.has(id) ? 'doubted' : 'healthy';
}

function roleOf(raft: NodeInspection['raft'], id: string, suspected: boolean): string {
  if (raft.leader === id) return 'leader';
  if (suspected) return 'unreachable';
  if (raft.configuration.learners.some((learner) => learner === id)) return 'learner';
  if (id === raft.id && raft.role !== 'follower') return 'candidate';
  return 'follower';
}
