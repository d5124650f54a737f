import { assert } from '../foundation/assert.ts';
import { type LogIndex, logIndex, type NodeId, type Term } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { Configuration, EntryKind, HardState, LogEntry, LogPoint } from '../ports/log-store.ts';
import { ConfigurationHistory, isVoter, membersOf, votersOf } from './configuration.ts';
import { entryBytes, RaftLog } from './log.ts';
import type { Asked, PreVote, RaftMessage } from './message.ts';
import { PeerProgress } from './progress.ts';
import type { RaftOptions, RaftStart } from './raft.ts';
import { ForwardedReads, type PendingRead, ReadRounds } from './reads.ts';
import type { ConfirmedRead, LogRead, Ready, Role } from './ready.ts';

/** A write that the driver was told to make and has not reported yet. */
export interface InFlight {
  readonly token: number;
  readonly hardState: HardState | null;
  /** What it makes durable; truncation lowers it. */
  last: LogIndex;
  /** Messages posted later that depend on it. */
  readonly waiting: RaftMessage[];
}

export interface Transfer {
  readonly to: NodeId;
  ticks: number;
  told: boolean;
}

/**
 * All of the core's state, and the acts that several inputs share: sending, waiting for durability, changing role. The rules are in
 * election.ts, follower.ts and leader.ts.
 */
export class Core {
  readonly id: NodeId;
  readonly options: RaftOptions;
  readonly log: RaftLog;
  readonly configurations: ConfigurationHistory;

  role: Role = 'follower';
  term: Term;
  vote: NodeId | null;
  leader: NodeId | null = null;

  /** Ticks since a leader was heard (or the role changed), and how many are waited for. */
  elapsed = 0;
  timeout = 0;
  /** Ticks for which whom this node has voted for, itself maybe, may take the office undisturbed. */
  chosenFor = 0;
  /** Ticks until this node campaigns out of its own observation of the leader's death; null: no such plan. */
  campaignIn: number | null = null;
  /** Campaigns that may still follow each other quickly before the ordinary timeout is used. */
  urgent = 0;
  /** The leader that this node itself observed dead in this term. */
  lost: NodeId | null = null;
  readonly ballots = new Map<NodeId, boolean>();
  /** A follower whose leader's connection broke: it asks for pre-votes while it finds out; `ballots` gathers the answers. */
  asksAhead = false;
  readonly held = new Map<NodeId, { readonly message: RaftMessage & PreVote; ticks: number }>();
  doubted = false;
  /** Its state is not whole (promise 6): it votes and stores, but does not campaign. */
  passive = false;
  doubtedPeers: ReadonlySet<NodeId> = new Set();

  /** Leader only. */
  readonly peers = new Map<NodeId, PeerProgress>();
  readonly rounds = new ReadRounds();
  /** The no-op that opened this leader's term. */
  termStart = logIndex(0);
  uncommittedBytes = 0;
  heartbeatElapsed = 0;
  heartbeatDue = false;
  quorumElapsed = 0;
  transfer: Transfer | null = null;
  /** As ranked by the failover layer; null until it did. */
  ranking: readonly NodeId[] | null = null;
  /** As last sent, or as last heard from the leader. */
  succession: readonly NodeId[] = [];
  readonly snapshotsUnderWay = new Set<NodeId>();
  /** Members that were found to have lost what they had acknowledged, to be told. */
  lostPeers: NodeId[] = [];
  /** Over all offices of this incarnation: committed entries that a member had acknowledged. */
  readonly acknowledged = new Map<NodeId, LogPoint>();

  readonly forwarded: ForwardedReads;
  /** Of the newest round of pre-votes or votes; an answer to an earlier one says nothing of now. */
  round: Asked;
  context: Uint8Array = new Uint8Array(0);

  /** The hard state changed since it was last handed out. */
  hardDirty = false;
  durableHard: HardState;
  nextToken = 1;
  readonly inFlight: InFlight[] = [];
  /** To be sent with the next persist. */
  gated: RaftMessage[] = [];

  messages: RaftMessage[] = [];
  reads: ConfirmedRead[] = [];
  snapshots: { readonly to: NodeId }[] = [];
  logReads: LogRead[] = [];
  /** A snapshot that is being taken over; `taken`: the driver has been told. */
  install: (NonNullable<Ready['install']> & { taken: boolean }) | null = null;

  constructor(options: RaftOptions, start: RaftStart) {
    this.id = options.id;
    this.options = options;
    this.log = new RaftLog(start.compacted, start.entries, start.applied, options.logMemoryBytes);
    this.configurations = new ConfigurationHistory(start.configuration, start.applied);
    for (const entry of start.entries) this.configurations.appended(entry);
    this.term = start.hardState.term;
    this.vote = start.hardState.vote;
    this.durableHard = start.hardState;
    assert(this.term >= this.log.lastPoint.term, 'the stored term is not behind the log');
    // Numbers begin at random, so that an answer meant for an earlier incarnation of this node answers nothing.
    const first = options.random.below(2 ** 32) * 2 ** 16;
    this.forwarded = new ForwardedReads(first);
    this.round = first;
    this.resetTimer();
  }

  get configuration(): Configuration {
    return this.configurations.current;
  }

  /** May this node campaign? */
  get promotable(): boolean {
    const mayLead = !this.passive || mutant.active === 'quarantined-campaigns';
    return mayLead && !this.doubted && this.install === null && this.configurations.mayNeed(this.id);
  }

  /** Stickiness (thesis §4.2.3): a node that hears its leader has no vote for another. */
  get trustsLeader(): boolean {
    return this.role === 'leader' || (this.leader !== null && this.elapsed < this.options.electionTicks);
  }

  /** Its vote of this term is not on the disk yet: until then it counts for nobody, and a later term's would only be one more to write. */
  get isVoting(): boolean {
    const { term, vote } = this.durableHard;
    return this.vote !== null && (term !== this.term || vote !== this.vote);
  }

  counts(member: NodeId): boolean {
    return member === this.id ? !this.doubted : !this.doubtedPeers.has(member);
  }

  send(message: RaftMessage): void {
    this.messages.push(message);
  }

  /** Sends the message once the hard state as it is now and the log up to `index` are durable. */
  sendWhenDurable(message: RaftMessage, index: LogIndex): void {
    if (this.hardDirty || index > this.log.handed) {
      // A later acknowledgement to the same leader says all that an earlier one does.
      const before = this.gated[this.gated.length - 1];
      if (
        message.type === 'appendReply' &&
        before?.type === 'appendReply' &&
        before.to === message.to &&
        before.match <= message.match
      ) {
        this.gated[this.gated.length - 1] = message;
      } else this.gated.push(message);
      return;
    }
    let needed: InFlight | null = null;
    let covered = index <= this.log.durable;
    for (const write of this.inFlight) {
      if (write.hardState !== null || !covered) needed = write;
      if (write.last >= index) covered = true;
    }
    assert(covered, 'what was handed out is durable or in flight');
    if (needed === null) this.send(message);
    else needed.waiting.push(message);
  }

  /** Ends any role. `term` is never lower than the present one. */
  becomeFollower(term: Term, leader: NodeId | null): void {
    assert(term >= this.term, 'the term never goes back');
    if (this.role === 'leader') this.#leaveLeadership();
    if (leader !== this.leader) this.refuseForwarded();
    if (term > this.term) {
      this.setHardState(term, null);
      this.lost = null;
      this.refuseHeld();
    }
    this.role = 'follower';
    this.leader = leader;
    this.ballots.clear();
    this.asksAhead = false;
    this.chosenFor = 0;
    this.resetTimer();
    if (leader !== null) {
      this.urgent = 0;
      this.lost = null;
      this.campaignIn = null;
    } else this.planRetry();
  }

  /** Someone else may win, or no one: look again soon, as long as this is still about a leader that was observed dead. */
  planRetry(): void {
    const { holdTicks, rankDelayTicks, random } = this.options;
    const patience = holdTicks + rankDelayTicks * Math.max(2, votersOf(this.configuration).length) + 1;
    this.campaignIn = this.urgent > 0 ? patience + random.below(patience) : null;
  }

  resetTimer(): void {
    const { electionTicks, random } = this.options;
    this.elapsed = 0;
    this.timeout = electionTicks + random.below(electionTicks);
  }

  setHardState(term: Term, vote: NodeId | null): void {
    if (term !== this.term) this.#dropPosted();
    this.term = term;
    this.vote = vote;
    this.hardDirty = true;
  }

  /** The leader's own append; peers get it with the next Ready. */
  append(kind: EntryKind, payload: Uint8Array): LogEntry {
    const entry: LogEntry = { term: this.term, index: logIndex(this.log.last + 1), kind, payload };
    this.log.append(entry);
    this.uncommittedBytes += entryBytes(entry);
    if (this.configurations.appended(entry)) this.configurationChanged();
    this.allDue();
    return entry;
  }

  allDue(): void {
    for (const peer of this.peers.values()) peer.due = true;
  }

  /** A new configuration counts from the moment it is in the log (Raft §6). */
  configurationChanged(): void {
    if (this.role !== 'leader') return;
    const members = membersOf(this.configuration);
    for (const id of this.peers.keys()) if (!members.includes(id)) this.peers.delete(id);
    for (const id of members) {
      if (id === this.id || this.peers.has(id)) continue;
      this.peers.set(id, new PeerProgress(logIndex(this.log.last + 1), true));
    }
    if (this.transfer !== null && !isVoter(this.configuration, this.transfer.to)) this.transfer = null;
    this.heartbeatDue = true;
  }

  commitTo(index: LogIndex): void {
    assert(index <= this.log.last, 'only entries in the log are committed');
    if (index <= this.log.commit) return;
    this.log.commit = index;
    this.configurations.committed(index);
  }

  serve(read: PendingRead, index: LogIndex | null): void {
    if (read.from === null) this.reads.push({ id: read.id, index });
    else {
      const { id, from } = read;
      this.send({ from: this.id, to: from, term: this.term, type: 'readIndexReply', id, index });
    }
  }

  /** What is committed stays committed, and what is acknowledged was durable: this outlives the office. */
  noteAcknowledged(peer: NodeId): void {
    const index = logIndex(Math.min(this.peers.get(peer)?.match ?? 0, this.log.commit));
    if (index <= (this.acknowledged.get(peer)?.index ?? 0)) return;
    this.acknowledged.set(peer, { index, term: this.log.termAt(index) ?? (0 as Term) });
  }

  refuseForwarded(): void {
    for (const id of this.forwarded.close()) this.reads.push({ id, index: null });
  }

  refuseHeld(): void {
    for (const { message } of this.held.values()) {
      const reason = message.term < this.term ? 'old-term' : 'leader-alive';
      this.send({
        from: this.id,
        to: message.from,
        term: this.term,
        type: 'preVoteReply',
        granted: false,
        reason,
        round: message.round,
      });
    }
    this.held.clear();
  }

  #leaveLeadership(): void {
    for (const read of this.rounds.close()) this.serve(read, null);
    for (const peer of this.peers.keys()) this.noteAcknowledged(peer);
    this.peers.clear();
    this.transfer = null;
    this.heartbeatDue = false;
    this.uncommittedBytes = 0;
  }

  /** Answers of an earlier term that are not out yet would be ignored. */
  #dropPosted(): void {
    this.gated = [];
    for (const write of this.inFlight) write.waiting.length = 0;
  }
}
