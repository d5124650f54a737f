import { type NodeId, nodeId, type Revision, revision, type Term, term } from '../../foundation/ids.ts';
import type { Alarm } from '../../ports/command.ts';
import { type Space, spaces } from '../../ports/delta.ts';
import type { PredictionStatus } from '../../ports/prediction-status.ts';
import type { ReplicaStatus } from '../../ports/replica-status.ts';
import { tierOf } from '../../ports/tier.ts';
import { spaceCode } from '../parts/key-value.ts';
import { readAlarm } from '../parts/read-result.ts';
import { malformed, WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { writeAlarm } from '../parts/write-result.ts';
import { readPredictorStatus, writePredictorStatus } from './predictor-status.ts';
import { readReplicaStatus, writeReplicaStatus } from './replica-status.ts';
import { type Member, readMember, writeMember } from './routing.ts';
import { readScoreTerm, type ScoreTerm, writeScoreTerm } from './score-term.ts';

export type { ScoreTerm } from './score-term.ts';

export interface Status {
  readonly clusterId: string;
  readonly id: NodeId;
  readonly version: string;
  readonly leader: NodeId | null;
  readonly term: Term;
  readonly commit: number;
  readonly applied: number;
  readonly clusterTimeMs: number;
  readonly members: readonly MemberStatus[];
  readonly spaces: readonly SpaceStatus[];
  readonly succession: readonly NodeId[];
  readonly sessions: number;
  readonly leases: number;
  readonly alarms: readonly Alarm[];
  /** Null: the node has none. */
  readonly predictor: PredictionStatus | null;
}

export interface SpaceStatus {
  readonly space: Space;
  readonly revision: Revision;
  readonly compacted: Revision;
  readonly keys: number;
  readonly digest: string;
  /** The applied index that the digest is of. */
  readonly digestIndex: number;
}

export interface MemberStatus {
  readonly member: Member;
  /** leader, follower, candidate, learner, unreachable. */
  readonly role: string;
  readonly applied: number;
  readonly match: number;
  readonly lagRevisions: number;
  readonly lagMs: number;
  readonly score: number;
  readonly scoreTerms: readonly ScoreTerm[];
  /** healthy, suspected, dead, doubted, or what is wrong. */
  readonly health: string;
  readonly bootCounter: number;
  readonly replica: ReplicaStatus;
  /** Names and hashes of the models that it predicts with: equal ones are the same bytes. Empty: it says nothing of its predictions. */
  readonly models: string;
}

export function encodeStatus(status: Status): Buffer {
  const writer = new WireWriter(1024);
  writer.text(1, status.clusterId);
  writer.text(2, status.id);
  writer.text(3, status.version);
  writer.text(4, status.leader ?? '');
  writer.uint(5, status.term);
  writer.uint(6, status.commit);
  writer.uint(7, status.applied);
  writer.uint(8, status.clusterTimeMs);
  for (const member of status.members) writeMemberStatus(writer, member);
  for (const space of status.spaces) writeSpaceStatus(writer, space);
  for (const id of status.succession) writer.textAlways(11, id);
  writer.uint(12, status.sessions);
  writer.uint(13, status.leases);
  for (const alarm of status.alarms) writeAlarm(writer, 14, alarm);
  if (status.predictor !== null) writePredictorStatus(writer, 15, status.predictor);
  return writer.finish();
}

function writeSpaceStatus(writer: WireWriter, space: SpaceStatus): void {
  const mark = writer.begin(10);
  writer.uint(1, spaceCode(space.space));
  writer.uint(2, space.revision);
  writer.uint(3, space.compacted);
  writer.uint(4, space.keys);
  writer.text(5, space.digest);
  writer.uint(6, space.digestIndex);
  writer.end(mark);
}

function writeMemberStatus(writer: WireWriter, status: MemberStatus): void {
  const mark = writer.begin(9, 128);
  writeMember(writer, 1, status.member);
  writer.text(2, status.role);
  writer.uint(3, status.applied);
  writer.uint(4, status.match);
  writer.uint(5, status.lagRevisions);
  writer.double(6, status.lagMs);
  writer.double(7, status.score);
  for (const part of status.scoreTerms) writeScoreTerm(writer, 8, part);
  writer.text(9, status.health);
  writer.uint(10, status.bootCounter);
  writeReplicaStatus(writer, 11, status.replica);
  writer.text(12, status.models);
  writer.end(mark);
}

export function decodeStatus(bytes: Uint8Array): Status {
  const reader = new WireReader(bytes);
  let clusterId = '';
  let id = '';
  let version = '';
  let leader = '';
  let at = 0;
  let commit = 0;
  let applied = 0;
  let clusterTimeMs = 0;
  const members: MemberStatus[] = [];
  const spaceStatuses: SpaceStatus[] = [];
  const succession: NodeId[] = [];
  let sessions = 0;
  let leases = 0;
  const alarms: Alarm[] = [];
  let predictor: PredictionStatus | null = null;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        clusterId = reader.text();
        break;
      case 2:
        id = reader.text();
        break;
      case 3:
        version = reader.text();
        break;
      case 4:
        leader = reader.text();
        break;
      case 5:
        at = reader.uint();
        break;
      case 6:
        commit = reader.uint();
        break;
      case 7:
        applied = reader.uint();
        break;
      case 8:
        clusterTimeMs = reader.uint();
        break;
      case 9:
        members.push(readMemberStatus(reader));
        break;
      case 10:
        spaceStatuses.push(readSpaceStatus(reader));
        break;
      case 11:
        succession.push(nodeId(reader.text()));
        break;
      case 12:
        sessions = reader.uint();
        break;
      case 13:
        leases = reader.uint();
        break;
      case 14:
        alarms.push(readAlarm(reader));
        break;
      case 15:
        predictor = readPredictorStatus(reader);
        break;
      default:
        reader.skip();
    }
  }
  return {
    clusterId,
    id: nodeId(id),
    version,
    leader: leader === '' ? null : nodeId(leader),
    term: term(at),
    commit,
    applied,
    clusterTimeMs,
    members,
    spaces: spaceStatuses,
    succession,
    sessions,
    leases,
    alarms,
    predictor,
  };
}

function readSpaceStatus(reader: WireReader): SpaceStatus {
  let space: Space = 'user';
  let at = 0;
  let compacted = 0;
  let keys = 0;
  let digest = '';
  let digestIndex = 0;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        space = reader.oneOf(spaces);
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        compacted = reader.uint();
        break;
      case 4:
        keys = reader.uint();
        break;
      case 5:
        digest = reader.text();
        break;
      case 6:
        digestIndex = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return { space, revision: revision(at), compacted: revision(compacted), keys, digest, digestIndex };
}

function readMemberStatus(reader: WireReader): MemberStatus {
  let member: Member | null = null;
  let role = '';
  let applied = 0;
  let match = 0;
  let lagRevisions = 0;
  let lagMs = 0;
  let score = 0;
  const scoreTerms: ScoreTerm[] = [];
  let health = '';
  let bootCounter = 0;
  let replica: ReplicaStatus | null = null;
  let models = '';
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        member = readMember(reader);
        break;
      case 2:
        role = reader.text();
        break;
      case 3:
        applied = reader.uint();
        break;
      case 4:
        match = reader.uint();
        break;
      case 5:
        lagRevisions = reader.uint();
        break;
      case 6:
        lagMs = reader.double();
        break;
      case 7:
        score = reader.double();
        break;
      case 8:
        scoreTerms.push(readScoreTerm(reader));
        break;
      case 9:
        health = reader.text();
        break;
      case 10:
        bootCounter = reader.uint();
        break;
      case 11:
        replica = readReplicaStatus(reader);
        break;
      case 12:
        models = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (member === null) throw malformed('the status of no member');
  return {
    member,
    role,
    applied,
    match,
    lagRevisions,
    lagMs,
    score,
    scoreTerms,
    health,
    bootCounter,
    replica: replica ?? unweighed(member),
    models,
  };
}

/** Of a node of an earlier version. */
function unweighed({ id, tier }: Member): ReplicaStatus {
  return {
    id,
    tier: tierOf(tier),
    heartbeat: 'alive',
    silentMs: 0,
    modelDivergence: null,
    dataIntegrity: 1,
    trouble: null,
    networkLatencyMs: null,
  };
}
