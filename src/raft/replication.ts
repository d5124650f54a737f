import { type LogIndex, logIndex, type NodeId, type Term } from '../foundation/ids.ts';
import type { LogEntry, LogPoint } from '../ports/log-store.ts';
import type { Core } from './core.ts';
import { confirmRounds, maybeCommit, maybeTellHeir } from './leader.ts';
import { entryBytes } from './log.ts';
import type { AppendReply, HeartbeatReply, RaftMessage } from './message.ts';
import type { PeerProgress } from './progress.ts';

/** Sends every peer what it may get now. Called once a Ready, so what was proposed in between goes out as one append. */
export function fillFlows(core: Core): void {
  for (const [to, peer] of core.peers) {
    if (!peer.due) continue;
    peer.due = false;
    fillFlow(core, to, peer);
  }
}

function fillFlow(core: Core, to: NodeId, peer: PeerProgress): void {
  const { log, options } = core;
  for (;;) {
    if (peer.state === 'snapshot' || peer.reading !== null) return;
    if (peer.state === 'probe' ? peer.probeSent : !mayReplicate(core, peer)) return;
    const previous = pointBefore(core, peer);
    if (previous === null || (peer.next <= log.last && peer.next < log.memoryFirst)) {
      readOrSnapshot(core, to, peer, previous);
      return;
    }
    const full = peer.isFull(options.maxInflightMessages, options.maxInflightBytes);
    const entries = full ? [] : log.slice(previous.index, log.last, options.maxAppendBytes);
    sendAppend(core, to, peer, previous, entries);
    if (entries.length === 0) return;
  }
}

/**
 * Entries within the in-flight limits, a commit index that the peer has not been told, or a nudge. A commit index alone waits for a tick: under
 * load the next entries carry it, and every message costs the peer more than what it says.
 */
function mayReplicate(core: Core, peer: PeerProgress): boolean {
  const { maxInflightBytes, maxInflightMessages } = core.options;
  if (peer.nudge || (peer.commitDue && peer.commitSent < core.log.commit)) return true;
  return peer.next <= core.log.last && !peer.isFull(maxInflightMessages, maxInflightBytes);
}

function pointBefore(core: Core, peer: PeerProgress): LogPoint | null {
  const index = logIndex(peer.next - 1);
  const term = core.log.termAt(index) ?? (peer.previous?.index === index ? peer.previous.term : null);
  return term === null ? null : { index, term };
}

function sendAppend(
  core: Core,
  to: NodeId,
  peer: PeerProgress,
  previous: LogPoint,
  entries: readonly LogEntry[],
): void {
  const { commit } = core.log;
  core.send({ from: core.id, to, term: core.term, type: 'append', previous, entries, commit });
  peer.commitSent = commit;
  peer.commitDue = false;
  peer.nudge = false;
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  peer.sent(logIndex(previous.index + entries.length), bytes);
}

/** What the peer needs is not in memory: it comes from the log store, or if that has dropped it too, in a snapshot. */
function readOrSnapshot(core: Core, to: NodeId, peer: PeerProgress, previous: LogPoint | null): void {
  const { log, options } = core;
  if (peer.next - 1 < log.compacted.index) {
    beginSnapshot(core, to, peer);
    return;
  }
  // With the entry before, whose term is what the append must name.
  const from = logIndex(previous === null ? peer.next - 1 : peer.next);
  peer.reading = { next: peer.next, from };
  core.logReads.push({ to, from, until: log.memoryFirst, maxBytes: options.maxAppendBytes });
}

function beginSnapshot(core: Core, to: NodeId, peer: PeerProgress): void {
  // A peer that is down would only waste the work; its first answer makes the flow due again.
  if (!peer.recentlyActive) {
    peer.probeSent = peer.state === 'probe';
    return;
  }
  peer.becomeSnapshot();
  if (core.snapshotsUnderWay.has(to)) return;
  core.snapshotsUnderWay.add(to);
  core.snapshots.push({ to });
}

/** The log store's answer. What memory does not hold is applied, so the answer is right whenever it comes. */
export function handleLogRead(core: Core, to: NodeId, entries: readonly LogEntry[] | null): void {
  const peer = core.peers.get(to);
  const reading = peer?.reading ?? null;
  if (peer === undefined || reading === null) return;
  const first = entries?.[0];
  if (first !== undefined && first.index !== reading.from) return;
  peer.reading = null;
  peer.due = true;
  if (entries === null || first === undefined) {
    beginSnapshot(core, to, peer);
    return;
  }
  if (peer.next !== reading.next || (peer.state === 'probe' && peer.probeSent)) return;
  let stored = entries;
  if (first.index < peer.next) {
    peer.previous = { index: first.index, term: first.term };
    stored = entries.slice(1);
  }
  const previous = pointBefore(core, peer);
  const last = stored[stored.length - 1];
  if (previous === null || last === undefined) return;
  sendAppend(core, to, peer, previous, stored);
  if (peer.state === 'replicate') peer.previous = { index: last.index, term: last.term };
}

export function handleSnapshotSent(core: Core, to: NodeId, point: LogPoint | null): void {
  core.snapshotsUnderWay.delete(to);
  const peer = core.peers.get(to);
  if (peer === undefined || peer.state !== 'snapshot') return;
  if (point !== null) {
    // It says so itself when it has taken it over; if that is lost, or takes long, it is asked for what follows.
    peer.sentSnapshot = point;
    peer.settleTicks = core.options.electionTicks;
  } else {
    peer.becomeProbe();
    peer.probeSent = true;
  }
}

export function handleAppendReply(core: Core, message: RaftMessage & AppendReply): void {
  const peer = core.peers.get(message.from);
  if (peer === undefined) return;
  peer.recentlyActive = true;
  peer.fresh = true;
  if (message.rejected) {
    const possible = core.log.findConflict(message.hint.index, message.hint.term).index;
    if (message.match <= peer.match && peer.match > 0) {
      const doubted = core.doubtedPeers.has(message.from);
      if (!doubted && (message.match < peer.match || !peer.hasLost())) return;
      if (!doubted) {
        core.noteAcknowledged(message.from);
        core.lostPeers.push(message.from);
      }
      peer.forget(logIndex(Math.min(possible, message.match) + 1));
    } else if (peer.maybeBackUp(message.match, possible)) peer.due = true;
    return;
  }
  if (message.match > core.log.last) return;
  const news = peer.maybeMatch(message.match);
  if (peer.state === 'probe' && message.match >= peer.next - 1) peer.becomeReplicate();
  else if (peer.state === 'snapshot' && reachable(core, peer)) peer.becomeReplicate();
  peer.due = true;
  if (!news) return;
  maybeCommit(core);
  maybeTellHeir(core);
}

function reachable(core: Core, peer: PeerProgress): boolean {
  return peer.match >= core.log.compacted.index && peer.match > 0;
}

export function handleHeartbeatReply(core: Core, message: RaftMessage & HeartbeatReply): void {
  const peer = core.peers.get(message.from);
  if (peer === undefined) return;
  peer.recentlyActive = true;
  if (!peer.fresh && peer.state !== 'snapshot') {
    // What was sent before the last heartbeat has had its time: it is sent again, or found out about.
    peer.due = true;
    peer.fresh = true;
    if (peer.state === 'probe') peer.probeSent = false;
    else peer.nudge = peer.match < core.log.last;
  }
  if (message.round > peer.round && message.round <= core.rounds.newest) {
    peer.round = message.round;
    confirmRounds(core);
  }
}

/** A leader of an earlier term is told of the newer one by any answer; otherwise it could go on unheard. */
export function refuseStaleLeader(core: Core, to: NodeId): void {
  const none: LogPoint = { index: 0 as LogIndex, term: 0 as Term };
  const match = none.index;
  core.send({ from: core.id, to, term: core.term, type: 'appendReply', rejected: true, match, hint: none });
}
