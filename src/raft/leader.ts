import { assert } from '../foundation/assert.ts';
import { type LogIndex, logIndex, type NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import { afterJoint, encodeConfiguration, isVoter, membersOf } from './configuration.ts';
import type { Core } from './core.ts';
import { entryBytes } from './log.ts';
import { PeerProgress } from './progress.ts';
import { quorumReached } from './quorum.ts';

const noPayload = new Uint8Array(0);

/** Raft §5.2. The no-op lets entries of earlier terms commit (§5.4.2, §8) and reads begin. */
export function becomeLeader(core: Core): void {
  assert(core.role === 'candidate', 'only a candidate becomes leader');
  core.role = 'leader';
  core.leader = core.id;
  core.lost = null;
  core.campaignIn = null;
  core.urgent = 0;
  core.elapsed = 0;
  core.heartbeatElapsed = 0;
  core.quorumElapsed = 0;
  core.uncommittedBytes = 0;
  core.transfer = null;
  core.ranking = null;
  core.succession = [];
  core.ballots.clear();
  core.refuseHeld();
  core.refuseForwarded();
  core.peers.clear();
  for (const member of membersOf(core.configuration)) {
    if (member !== core.id) core.peers.set(member, new PeerProgress(logIndex(core.log.last + 1), false));
  }
  core.termStart = logIndex(core.log.last + 1);
  core.append('noop', noPayload);
}

export function hasCommittedInTerm(core: Core): boolean {
  return core.log.commit >= core.termStart;
}

/** Raft §5.3, §5.4.2: what a majority has stored durably is committed, if it is of this leader's own term. */
export function maybeCommit(core: Core): void {
  const { log } = core;
  const reached = quorumReached(core.configuration, (member) => {
    if (!core.counts(member)) return 0;
    return member === core.id ? log.durable : (core.peers.get(member)?.match ?? 0);
  });
  const index = logIndex(Math.min(reached, log.last));
  if (index <= log.commit) return;
  if (index < core.termStart && mutant.active !== 'commit-earlier-term-by-counting') return;
  const opensTerm = !hasCommittedInTerm(core);
  for (let i = Math.max(log.commit + 1, core.termStart); i <= index; i++) {
    const entry = log.entryAt(logIndex(i));
    if (entry !== null) core.uncommittedBytes -= entryBytes(entry);
  }
  core.commitTo(index);
  core.allDue();
  // A majority has been seen: the succession is known, and so are reads' rounds possible.
  if (opensTerm) core.heartbeatDue = true;
  finishChange(core);
}

/** After the commit of a configuration: leaves a joint one; a leader that is no longer a voter goes (Raft §6). */
function finishChange(core: Core): void {
  if (!hasCommittedInTerm(core) || core.log.commit < core.configurations.index) return;
  const { configuration } = core;
  if (configuration.outgoing.length > 0) {
    core.append('configuration', encodeConfiguration(afterJoint(configuration)));
  } else if (!isVoter(configuration, core.id)) {
    leaveOffice(core);
  }
}

/** Steps down, telling the first heir that it need not wait for a timeout. */
export function leaveOffice(core: Core): void {
  const heir = fittestHeir(core, core.log.commit);
  if (heir !== null) core.send({ from: core.id, to: heir, term: core.term, type: 'timeoutNow' });
  core.becomeFollower(core.term, null);
}

/** The first of the succession, then of all voters, whose log is durable up to `index`. */
function fittestHeir(core: Core, index: LogIndex): NodeId | null {
  const fit = (id: NodeId): boolean => isHeir(core, id) && (core.peers.get(id)?.match ?? 0) >= index;
  return rankedHeirs(core).find(fit) ?? null;
}

function isHeir(core: Core, id: NodeId): boolean {
  return id !== core.id && core.counts(id) && isVoter(core.configuration, id);
}

function matchOf(core: Core, id: NodeId): number {
  return core.peers.get(id)?.match ?? 0;
}

/** As ranked by the failover layer; whom it has not ranked yet, having just become a voter or been trusted again, by how far their logs are. */
function rankedHeirs(core: Core): readonly NodeId[] {
  const ranked = (core.ranking ?? []).filter((id) => isHeir(core, id));
  const others = core.configuration.voters.filter((id) => isHeir(core, id) && !ranked.includes(id));
  return [...ranked, ...others.sort((a, b) => matchOf(core, b) - matchOf(core, a))];
}

/**
 * What heartbeats carry: the ranked heirs, those first that have all that is committed (else they could not win), and of them whom this leader is handing
 * over to.
 */
function currentSuccession(core: Core): readonly NodeId[] {
  if (!hasCommittedInTerm(core)) return core.succession;
  const heirs = rankedHeirs(core);
  const next = heirs.filter((id) => id === core.transfer?.to);
  const ranked = [...next, ...heirs.filter((id) => id !== core.transfer?.to)];
  const complete = (id: NodeId): boolean =>
    mutant.active === 'succession-ignores-log' || matchOf(core, id) >= core.log.commit;
  const order = [...ranked.filter(complete), ...ranked.filter((id) => !complete(id))];
  const same = order.length === core.succession.length && order.every((id, i) => core.succession[i] === id);
  return same ? core.succession : order;
}

/** To every member; with it goes the newest read round. */
export function broadcastHeartbeat(core: Core): void {
  core.heartbeatDue = false;
  core.heartbeatElapsed = 0;
  core.succession = currentSuccession(core);
  for (const [to, peer] of core.peers) {
    const commit = logIndex(Math.min(peer.match, core.log.commit));
    if (commit > peer.commitSent) peer.commitSent = commit;
    core.send({
      from: core.id,
      to,
      term: core.term,
      type: 'heartbeat',
      commit,
      round: core.rounds.newest,
      succession: core.succession,
      context: core.context,
    });
  }
}

/** Reads that came since the last Ready make a round of their own; before a commit in this term they wait (thesis §6.4). */
export function maybeBeginRound(core: Core): void {
  if (!core.rounds.isWaiting || !hasCommittedInTerm(core)) return;
  core.rounds.begin(core.log.commit);
  core.heartbeatDue = true;
  confirmRounds(core);
}

export function confirmRounds(core: Core): void {
  if (!core.rounds.isUnderWay) return;
  const confirmed =
    mutant.active === 'read-without-quorum-round'
      ? core.rounds.newest
      : quorumReached(core.configuration, (member) => {
          if (!core.counts(member)) return 0;
          return member === core.id ? core.rounds.newest : (core.peers.get(member)?.round ?? 0);
        });
  core.rounds.confirm(confirmed, (read, index) => core.serve(read, index));
}

export function tickLeader(core: Core): void {
  const { electionTicks, heartbeatTicks } = core.options;
  core.heartbeatElapsed++;
  core.quorumElapsed++;
  if (core.quorumElapsed >= electionTicks) {
    core.quorumElapsed = 0;
    if (!quorumIsActive(core) && mutant.active !== 'skip-check-quorum') {
      core.becomeFollower(core.term, null);
      return;
    }
    for (const peer of core.peers.values()) peer.recentlyActive = false;
  }
  if (core.transfer !== null && ++core.transfer.ticks >= electionTicks) core.transfer = null;
  for (const peer of core.peers.values()) {
    if (peer.commitSent < core.log.commit) peer.commitDue = peer.due = true;
    if (peer.settleTicks === 0 || --peer.settleTicks > 0) continue;
    if (peer.sentSnapshot !== null) peer.probeAfter(peer.sentSnapshot);
  }
  if (core.heartbeatElapsed >= heartbeatTicks) {
    core.heartbeatDue = true;
    for (const peer of core.peers.values()) peer.fresh = false;
    if (core.transfer !== null) core.transfer.told = false;
    maybeTellHeir(core);
  }
}

/** Check-quorum (thesis §6.2): a leader that no majority answers must not go on believing that it leads. */
function quorumIsActive(core: Core): boolean {
  const active = (member: NodeId): boolean =>
    core.counts(member) && (member === core.id || core.peers.get(member)?.recentlyActive === true);
  return quorumReached(core.configuration, (member) => (active(member) ? 1 : 0)) > 0;
}

/** Hand-over (thesis §3.10). Proposals are refused until it is over, at most an election timeout; who is refused is told whom to ask. */
export function beginTransfer(core: Core, wanted: NodeId | null): boolean {
  if (core.role !== 'leader') return false;
  if (core.transfer !== null && (wanted === null || wanted === core.transfer.to)) return true;
  const to = wanted ?? fittestHeir(core, core.log.last) ?? fittestHeir(core, core.log.commit);
  if (to === null || !isHeir(core, to)) return false;
  const [first] = core.succession;
  core.transfer = { to, ticks: 0, told: false };
  core.succession = currentSuccession(core);
  maybeTellHeir(core);
  // It lets wait who turns to it before its time, once it knows that it is the next.
  if (core.succession[0] !== first) core.heartbeatDue = true;
  return true;
}

/** The heir campaigns as soon as it has the whole log: then it wins. */
export function maybeTellHeir(core: Core): void {
  const { transfer } = core;
  if (transfer === null || transfer.told || matchOf(core, transfer.to) < core.log.last) return;
  transfer.told = true;
  core.send({ from: core.id, to: transfer.to, term: core.term, type: 'timeoutNow' });
}
