import { type LogIndex, type NodeId, type Term, term } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { LogPoint } from '../ports/log-store.ts';
import { isVoter, votersOf } from './configuration.ts';
import type { Core } from './core.ts';
import { becomeLeader } from './leader.ts';
import type { PreVote, PreVoteReply, RaftMessage, Vote, VoteReply } from './message.ts';
import { tally } from './quorum.ts';

export function tickElection(core: Core): void {
  if (core.leader !== null || !core.isVoting) {
    core.elapsed++;
    core.chosenFor--;
  }
  for (const id of core.forwarded.tick(core.options.electionTicks)) core.reads.push({ id, index: null });
  tickHeld(core);
  if (core.leader === null && core.isVoting) return;
  if (core.campaignIn !== null && --core.campaignIn <= 0) {
    core.urgent--;
    preCampaign(core);
  } else if (core.elapsed >= core.timeout || isAlone(core)) {
    core.urgent = 0;
    // Whoever said that the leader is dead has had the time of an election to say otherwise.
    core.lost = null;
    if (core.promotable) preCampaign(core);
    else core.becomeFollower(core.term, null);
  }
}

/** With no one else to ask there is nothing to wait for. */
function isAlone(core: Core): boolean {
  const { voters, outgoing } = core.configuration;
  return (
    core.role === 'follower' &&
    outgoing.length === 0 &&
    voters.length === 1 &&
    voters[0] === core.id &&
    core.promotable
  );
}

/**
 * Asks whether an election could be won, without disturbing anyone (thesis §9.6). `ahead`: who has granted it in the round that was asked ahead,
 * which goes on; null: a new round. What was granted in an earlier one, by a voter that has heard the leader since, would depose that leader.
 */
export function preCampaign(core: Core, ahead: readonly NodeId[] | null = null): void {
  if (!core.promotable || core.role === 'leader') return;
  core.becomeFollower(core.term, null);
  core.role = 'preCandidate';
  if (ahead === null) core.round++;
  for (const from of ahead ?? []) core.ballots.set(from, true);
  askForPreVotes(core);
  core.ballots.set(core.id, true);
  countPreVotes(core);
}

function askForPreVotes(core: Core): void {
  const { round } = core;
  const last = core.log.lastPoint;
  for (const to of votersOf(core.configuration)) {
    if (to === core.id || core.ballots.has(to)) continue;
    core.send({ from: core.id, to, term: core.term, type: 'preVote', last, round });
  }
}

/**
 * Raft §5.2. The requests go out while the own vote, and the log that they tell of, are being made durable. Until they are this node takes no office: started
 * anew it would ask again in the same term, maybe with less. What was answered to an earlier start is of an earlier round.
 */
export function campaign(core: Core, handOver: boolean): void {
  if (!core.promotable || core.role === 'leader') return;
  core.becomeFollower(term(core.term + 1), null);
  core.role = 'candidate';
  core.setHardState(core.term, core.id);
  core.chosenFor = core.options.holdTicks;
  const round = ++core.round;
  const last = core.log.lastPoint;
  for (const to of votersOf(core.configuration)) {
    if (to !== core.id)
      core.send({ from: core.id, to, term: core.term, type: 'vote', last, handOver, round });
  }
  if (mutant.active === 'own-vote-before-durable') countOwnVote(core);
}

export function countOwnVote(core: Core): void {
  core.ballots.set(core.id, true);
  countVotes(core);
}

function ballotOf(core: Core, member: NodeId): boolean | null {
  return core.counts(member) ? (core.ballots.get(member) ?? null) : false;
}

function countVotes(core: Core): void {
  const result = tally(core.configuration, (member) => ballotOf(core, member));
  if (result === 'won') {
    if (core.ballots.has(core.id) || mutant.active === 'office-before-own-vote') becomeLeader(core);
  } else if (result === 'lost') core.becomeFollower(core.term, null);
}

function countPreVotes(core: Core): void {
  const result = tally(core.configuration, (member) => ballotOf(core, member));
  if (result === 'won') campaign(core, false);
  else if (result === 'lost') core.becomeFollower(core.term, null);
}

/** Raft §5.4.1. A candidate under doubt may have lost what it had acknowledged (promise 6): its log is held to be stale. */
function isUpToDate(core: Core, from: NodeId, last: LogPoint): boolean {
  if (!core.counts(from)) return false;
  if (mutant.active === 'vote-without-up-to-date-check') return true;
  const own = core.log.lastPoint;
  return last.term > own.term || (last.term === own.term && last.index >= own.index);
}

export function handleVote(core: Core, message: RaftMessage & Vote): void {
  const trusts = trustsAnother(core, message.from) && !message.handOver;
  if (message.term > core.term && !trusts) core.becomeFollower(message.term, null);
  if (core.doubted) return;
  const reason = message.term > core.term ? 'leader-alive' : judgeVote(core, message);
  if (reason === 'granted') {
    if (core.vote !== message.from) core.setHardState(core.term, message.from);
    core.resetTimer();
    core.chosenFor = core.options.holdTicks;
  }
  replyToVote(core, message, reason);
}

function judgeVote(core: Core, { term, from, last }: RaftMessage & Vote): VoteReply['reason'] {
  if (term < core.term) return 'old-term';
  const free = core.vote === from || (core.vote === null && core.leader === null);
  if (!free && mutant.active !== 'vote-twice-in-term') return 'voted';
  return isUpToDate(core, from, last) ? 'granted' : 'stale-log';
}

function replyToVote(core: Core, { from: to, round }: RaftMessage & Vote, reason: VoteReply['reason']): void {
  const granted = reason === 'granted';
  const reply: RaftMessage = {
    from: core.id,
    to,
    term: core.term,
    type: 'voteReply',
    granted,
    reason,
    round,
  };
  if (granted && mutant.active !== 'vote-before-durable') core.sendWhenDurable(reply, 0 as LogIndex);
  else core.send(reply);
}

/** Of another round than what is asked now. */
const isLate = (core: Core, { round }: VoteReply | PreVoteReply): boolean =>
  round !== 0 && round !== core.round;

export function handleVoteReply(core: Core, message: RaftMessage & VoteReply): void {
  if (isLate(core, message) && mutant.active !== 'vote-for-earlier-start') return;
  if (core.role !== 'candidate' || core.ballots.has(message.from)) return;
  core.ballots.set(message.from, message.granted);
  countVotes(core);
}

/** A leader that asks for votes leads no more, by its own word. */
function trustsAnother(core: Core, candidate: NodeId): boolean {
  return core.trustsLeader && core.leader !== candidate;
}

export function handlePreVote(core: Core, message: RaftMessage & PreVote): void {
  const { holdTicks } = core.options;
  if (message.term < core.term || !trustsAnother(core, message.from)) answerPreVote(core, message);
  else if (core.role === 'leader' || holdTicks === 0) replyToPreVote(core, message, 'leader-alive');
  // The driver finds out whether the leader lives; until then no candidate's word for it counts (failover.md, stickiness).
  else core.held.set(message.from, { message, ticks: holdTicks });
}

function answerPreVote(core: Core, message: RaftMessage & PreVote): void {
  if (core.doubted) return;
  const { from } = message;
  if (message.term < core.term) {
    replyToPreVote(core, message, 'old-term');
  } else if (hasChosenAnother(core, from)) {
    // Looked at again with every tick, until that one leads or has had its time.
    core.held.set(from, { message, ticks: 1 });
  } else if (isUpToDate(core, from, message.last)) {
    if (core.role === 'preCandidate' && !goesFirst(core, message) && core.elapsed === 0 && !core.isVoting) {
      // This node's own campaign is under way; the other one's turn comes with the next tick.
      core.held.set(from, { message, ticks: 1 });
      return;
    }
    replyToPreVote(core, message, 'granted');
    // The candidate is ahead: give it the time to win.
    if (core.role === 'preCandidate' && goesFirst(core, message)) core.becomeFollower(core.term, null);
    else if (core.role === 'follower' && core.campaignIn !== null) core.planRetry();
  } else {
    replyToPreVote(core, message, 'stale-log');
    // It cannot win with this node's vote, while this node may: no use in waiting for one's rank.
    if (core.role === 'follower') preCampaign(core);
  }
}

/**
 * This node has just voted for another one, itself maybe: an election of a later term would throw that one away, or depose who has won it a moment ago.
 * Whoever leads, and is refused by a voter that chose its successor, asks at that very moment (`adoptTerm`).
 */
function hasChosenAnother(core: Core, candidate: NodeId): boolean {
  return core.chosenFor > 0 && core.vote !== candidate;
}

/** Two that campaign at the same moment would split the votes: the fresher log goes first, of equal ones the smaller id. */
function goesFirst(core: Core, { from, last }: RaftMessage & PreVote): boolean {
  const own = core.log.lastPoint;
  return last.term !== own.term || last.index !== own.index || from < core.id;
}

function replyToPreVote(
  core: Core,
  { from: to, round }: RaftMessage & PreVote,
  reason: PreVoteReply['reason'],
): void {
  const granted = reason === 'granted';
  core.send({ from: core.id, to, term: core.term, type: 'preVoteReply', granted, reason, round });
}

export function handlePreVoteReply(core: Core, message: RaftMessage & PreVoteReply): void {
  if (message.term > core.term) {
    if (!message.granted && isVoter(core.configuration, message.from)) adoptTerm(core, message.term, null);
    return;
  }
  if (core.role !== 'preCandidate' && !core.asksAhead) return;
  if (isLate(core, message) && mutant.active !== 'prevote-round-ignored') return;
  core.ballots.set(message.from, message.granted || core.ballots.get(message.from) === true);
  if (core.role === 'preCandidate') countPreVotes(core);
}

/** Held pre-votes wait for this node's own observation, for the end of its trust, or for the end of their time. */
function tickHeld(core: Core): void {
  if (core.held.size === 0) return;
  if (!core.trustsLeader) {
    answerHeld(core);
    return;
  }
  for (const [from, held] of core.held) {
    if (--held.ticks > 0) continue;
    core.held.delete(from);
    replyToPreVote(core, held.message, 'leader-alive');
  }
}

function answerHeld(core: Core): void {
  const messages = [...core.held.values()].map((held) => held.message);
  core.held.clear();
  for (const message of messages) answerPreVote(core, message);
}

/** How often a campaign is repeated quickly before the ordinary timeout is waited for. */
const urgentCampaigns = 3;

/**
 * Somebody is at a later term (Raft §5.1). Where nobody is known to lead there (it was a candidate that was killed, or cut off), it would never
 * follow this node's leadership of an earlier one: a leader goes there and asks again at once, because for all others it is alive and
 * they would wait for it. If somebody does lead there, the voters that hear it refuse. One that was handing over leaves the later term to its heir,
 * whose vote may be on its way here, and asks only if nobody leads it soon.
 */
export function adoptTerm(core: Core, later: Term, leader: NodeId | null): void {
  const led = core.role === 'leader';
  const handedOver = core.transfer !== null;
  core.becomeFollower(later, leader);
  if (!led || leader !== null) return;
  core.urgent = urgentCampaigns;
  if (handedOver) core.planRetry();
  else preCampaign(core);
}

/** Rank k of the succession waits k steps, so the first one normally wins alone; the others come after all of it. */
export function handleLeaderLost(core: Core, leader: NodeId, inTerm: Term): void {
  if (inTerm !== core.term || core.role !== 'follower' || core.leader !== leader || leader === core.id)
    return;
  const ahead = core.asksAhead
    ? [...core.ballots.keys()].filter((id) => core.ballots.get(id) === true)
    : null;
  core.urgent = urgentCampaigns;
  core.becomeFollower(core.term, null);
  core.lost = leader;
  const rank = rankOf(core, leader);
  core.campaignIn = core.promotable ? rank * core.options.rankDelayTicks : null;
  answerHeld(core);
  if (core.campaignIn === 0 && core.role === 'follower') preCampaign(core, ahead);
}

/**
 * The leader's connection broke, which may mean anything. The first heir asks for pre-votes while it finds out, so that the answers
 * are there when it knows; it goes on trusting its leader until then, and so does each voter until its own observation.
 */
export function handleLeaderDropped(core: Core, leader: NodeId, inTerm: Term): void {
  if (inTerm !== core.term || core.role !== 'follower' || core.leader !== leader || core.asksAhead) return;
  if (!core.promotable || rankOf(core, leader) > 0) return;
  core.asksAhead = true;
  core.round++;
  core.ballots.clear();
  askForPreVotes(core);
}

function rankOf(core: Core, lost: NodeId): number {
  const heirs = core.succession.filter((id) => id !== lost);
  const rank = heirs.indexOf(core.id);
  if (rank >= 0) return rank;
  const others = votersOf(core.configuration).filter((id) => id !== lost && !heirs.includes(id));
  return heirs.length + Math.max(0, others.indexOf(core.id));
}

/** The opposite observation: the plan to replace it is off. */
export function handleLeaderAlive(core: Core, leader: NodeId, inTerm: Term): void {
  if (inTerm !== core.term || core.role === 'leader' || core.role === 'candidate') return;
  if (core.leader !== leader && core.lost !== leader) return;
  if (core.leader === null) core.becomeFollower(core.term, leader);
  core.asksAhead = false;
  core.refuseHeld();
}
