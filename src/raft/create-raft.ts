import { assert, unreachable } from '../foundation/assert.ts';
import type { LogIndex, NodeId, Term } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import {
  beforeAll,
  type Configuration,
  type EntryKind,
  type LogEntry,
  type LogPoint,
} from '../ports/log-store.ts';
import type { MemberChange } from '../ports/membership.ts';
import { encodeConfiguration, firstStep, isMember } from './configuration.ts';
import { Core } from './core.ts';
import {
  adoptTerm,
  campaign,
  handleLeaderAlive,
  handleLeaderDropped,
  handleLeaderLost,
  handlePreVote,
  handlePreVoteReply,
  handleVote,
  handleVoteReply,
  tickElection,
} from './election.ts';
import {
  handleAppend,
  handleHeartbeat,
  handleInstalled,
  handleInstallFailed,
  handleInstallSnapshot,
  handleReadIndexReply,
  heardLeader,
} from './follower.ts';
import { beginTransfer, hasCommittedInTerm, leaveOffice, maybeCommit, tickLeader } from './leader.ts';
import type { RaftMessage } from './message.ts';
import { handlePersisted, takeReady } from './output.ts';
import type { ProposeResult, Raft, RaftOptions, RaftStart, RaftStatus } from './raft.ts';
import type { Ready, SoftState } from './ready.ts';
import {
  handleAppendReply,
  handleHeartbeatReply,
  handleLogRead,
  handleSnapshotSent,
  refuseStaleLeader,
} from './replication.ts';

export function createRaft(options: RaftOptions, start: RaftStart): Raft {
  assert(
    options.heartbeatTicks > 0 && options.electionTicks > options.heartbeatTicks,
    'heartbeats are more frequent than elections',
  );
  return new RaftNode(options, start);
}

class RaftNode implements Raft {
  readonly #core: Core;
  #told: SoftState;

  constructor(options: RaftOptions, start: RaftStart) {
    this.#core = new Core(options, start);
    this.#told = { role: 'follower', term: this.#core.term, leader: null };
  }

  step(message: RaftMessage): void {
    assert(message.to === this.#core.id, `a message for ${message.to} is not for this node`);
    step(this.#core, message);
  }

  tick(): void {
    if (this.#core.role === 'leader') tickLeader(this.#core);
    else tickElection(this.#core);
  }

  propose(kind: EntryKind, payload: Uint8Array): ProposeResult {
    assert(kind === 'commands', 'the core itself makes the other kinds');
    const core = this.#core;
    if (core.role !== 'leader') return notLeader;
    if (core.transfer !== null) return handingOver;
    const { uncommittedBytes } = core;
    if (uncommittedBytes > 0 && uncommittedBytes + payload.length > core.options.maxUncommittedBytes)
      return overloaded;
    const { index, term } = core.append(kind, payload);
    return { accepted: true, index, term };
  }

  proposeConfiguration(
    target: { readonly voters: readonly NodeId[]; readonly learners: readonly NodeId[] },
    change?: MemberChange,
  ): ProposeResult {
    const core = this.#core;
    if (core.role !== 'leader') return notLeader;
    if (core.transfer !== null) return handingOver;
    // One change at a time, and none before this term has committed: Ongaro, "bug in single-server membership changes", 2015.
    const settled = hasCommittedInTerm(core) && core.log.commit >= core.configurations.index;
    if ((!settled && mutant.active !== 'two-changes-at-once') || core.configuration.outgoing.length > 0)
      return changePending;
    const { index, term } = core.append(
      'configuration',
      encodeConfiguration(firstStep(core.configuration, target), change),
    );
    return { accepted: true, index, term };
  }

  readIndex(id: number): void {
    const core = this.#core;
    if (core.role === 'leader') core.rounds.add({ id, from: null });
    else if (core.leader !== null) core.forwarded.add(id);
    else core.reads.push({ id, index: null });
  }

  leaderDropped(leader: NodeId, term: Term): void {
    handleLeaderDropped(this.#core, leader, term);
  }

  leaderLost(leader: NodeId, term: Term): void {
    handleLeaderLost(this.#core, leader, term);
  }

  leaderAlive(leader: NodeId, term: Term): void {
    handleLeaderAlive(this.#core, leader, term);
  }

  transfer(to: NodeId | null): boolean {
    return beginTransfer(this.#core, to);
  }

  setSuccession(succession: readonly NodeId[]): void {
    const core = this.#core;
    if (core.role !== 'leader') return;
    const { ranking } = core;
    if (ranking?.length === succession.length && ranking.every((id, i) => succession[i] === id)) return;
    core.ranking = [...succession];
    core.heartbeatDue = true;
  }

  setContext(context: Uint8Array): void {
    this.#core.context = context;
  }

  setPassive(passive: boolean): void {
    const core = this.#core;
    core.passive = passive;
    if (passive && mutant.active !== 'quarantined-campaigns') this.stepDown();
  }

  rebased(point: LogPoint, configuration: Configuration): void {
    this.#core.configurations.rebased(configuration, point.index);
  }

  setDoubted(doubted: boolean): void {
    const core = this.#core;
    core.doubted = doubted;
    if (doubted && (core.role === 'candidate' || core.role === 'preCandidate'))
      core.becomeFollower(core.term, null);
    if (core.role === 'leader') maybeCommit(core);
  }

  setDoubtedPeers(doubted: ReadonlySet<NodeId>): void {
    const core = this.#core;
    const same =
      doubted.size === core.doubtedPeers.size && [...doubted].every((id) => core.doubtedPeers.has(id));
    core.doubtedPeers = new Set(doubted);
    if (!same && core.role === 'leader') {
      core.heartbeatDue = true;
      maybeCommit(core);
    }
  }

  forgetPeer(peer: NodeId): void {
    const core = this.#core;
    core.peers.get(peer)?.forget((core.log.last + 1) as LogIndex);
  }

  acknowledgedBy(peer: NodeId): LogPoint {
    const core = this.#core;
    core.noteAcknowledged(peer);
    return core.acknowledged.get(peer) ?? beforeAll;
  }

  peerReset(peer: NodeId): void {
    const progress = this.#core.peers.get(peer);
    if (progress === undefined) return;
    progress.restart();
    progress.commitSent = 0 as LogIndex;
  }

  ready(): Ready | null {
    const ready = takeReady(this.#core, this.#told);
    if (ready !== null && ready.soft !== null) this.#told = ready.soft;
    return ready;
  }

  persisted(token: number): void {
    handlePersisted(this.#core, token);
  }

  applied(index: LogIndex): void {
    this.#core.log.setApplied(index);
  }

  logRead(to: NodeId, entries: readonly LogEntry[] | null): void {
    handleLogRead(this.#core, to, entries);
  }

  snapshotSent(to: NodeId, point: LogPoint | null): void {
    handleSnapshotSent(this.#core, to, point);
  }

  installed(point: LogPoint): void {
    handleInstalled(this.#core, point);
  }

  installFailed(point: LogPoint): void {
    handleInstallFailed(this.#core, point);
  }

  compacted(point: LogPoint): void {
    this.#core.log.setCompacted(point);
  }

  stepDown(): void {
    if (this.#core.role === 'leader') leaveOffice(this.#core);
    else if (this.#core.role !== 'follower') this.#core.becomeFollower(this.#core.term, null);
  }

  entryAt(index: LogIndex): LogEntry | null {
    return this.#core.log.entryAt(index);
  }

  get unsettled(): boolean {
    const core = this.#core;
    return core.leader === null || (core.role === 'leader' && !hasCommittedInTerm(core));
  }

  get status(): RaftStatus {
    const { id, role, term, leader, vote, log, configuration, succession, transfer, peers } = this.#core;
    const { commit, applied, durable, lastPoint: last } = log;
    return {
      id,
      role,
      term,
      leader,
      vote,
      commit,
      applied,
      last,
      durable,
      configuration,
      succession,
      handsOverTo: transfer?.to ?? null,
      progress: peers,
    };
  }
}

const notLeader: ProposeResult = { accepted: false, reason: 'not-leader' };
const handingOver: ProposeResult = { accepted: false, reason: 'handing-over' };
const overloaded: ProposeResult = { accepted: false, reason: 'overloaded' };
const changePending: ProposeResult = { accepted: false, reason: 'change-pending' };

/** Every message passes here. Votes judge terms themselves (stickiness comes before the term); for all others Raft §5.1 holds. */
function step(core: Core, message: RaftMessage): void {
  switch (message.type) {
    case 'preVote':
      handlePreVote(core, message);
      return;
    case 'vote':
      handleVote(core, message);
      return;
    case 'preVoteReply':
      handlePreVoteReply(core, message);
      return;
    default:
      stepInTerm(core, message);
  }
}

type InTerm = Exclude<RaftMessage, { readonly type: 'preVote' | 'vote' | 'preVoteReply' }>;

function stepInTerm(core: Core, message: InTerm): void {
  const leads =
    message.type === 'append' || message.type === 'heartbeat' || message.type === 'installSnapshot';
  if (message.term < core.term) {
    if (leads) refuseStaleLeader(core, message.from);
    else if (message.type === 'readIndexRequest') core.serve({ id: message.id, from: message.from }, null);
    return;
  }
  // A leader may be newer than this node's configuration; anyone else who is not in it has no say.
  if (!leads && message.type !== 'timeoutNow' && !isMember(core.configuration, message.from)) return;
  if (message.term > core.term) adoptTerm(core, message.term, leads ? message.from : null);
  if (leads) heardLeader(core, message.from);
  switch (message.type) {
    case 'voteReply':
      handleVoteReply(core, message);
      return;
    case 'append':
      handleAppend(core, message);
      return;
    case 'appendReply':
      handleAppendReply(core, message);
      return;
    case 'heartbeat':
      handleHeartbeat(core, message);
      return;
    case 'heartbeatReply':
      handleHeartbeatReply(core, message);
      return;
    case 'installSnapshot':
      handleInstallSnapshot(core, message);
      return;
    case 'timeoutNow':
      campaign(core, true);
      return;
    case 'readIndexRequest':
      if (core.role === 'leader') core.rounds.add({ id: message.id, from: message.from });
      else core.serve({ id: message.id, from: message.from }, null);
      return;
    case 'readIndexReply':
      handleReadIndexReply(core, message);
      return;
    default:
      unreachable(message);
  }
}
