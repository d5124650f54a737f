import { assert } from '../foundation/assert.ts';
import { type LogIndex, logIndex, type NodeId } from '../foundation/ids.ts';
import { mutant } from '../foundation/mutants.ts';
import type { LogPoint } from '../ports/log-store.ts';
import type { Core } from './core.ts';
import type { Append, Heartbeat, InstallSnapshot, RaftMessage, ReadIndexReply } from './message.ts';

/**
 * Any word from the leader of this term: there is no other, and whoever campaigned gives way (Raft §5.2). Not where this node observed that leader's death: what
 * it had sent before comes in later than the news, and counts as entries alone. Whether it lives after all is the observer's to say (`leaderAlive`).
 */
export function heardLeader(core: Core, from: NodeId): void {
  assert(core.role !== 'leader', `one leader a term: ${from} and this node lead in term ${core.term}`);
  assert(core.leader === null || core.leader === from, `one leader a term: ${core.leader} and ${from}`);
  if (core.leader === null && core.lost === from) return;
  if (core.role === 'follower' && core.leader === from) {
    core.elapsed = 0;
    core.asksAhead = false;
  } else {
    core.becomeFollower(core.term, from);
  }
}

/** AppendEntries (Raft §5.3). Acknowledged only when durable. */
export function handleAppend(core: Core, message: RaftMessage & Append): void {
  // A snapshot is about to replace the log.
  if (core.install !== null) return;
  const { log } = core;
  const { previous, entries } = message;
  if (!matches(core, previous)) {
    const { index: match } = previous;
    const hint = conflictHint(core, previous);
    core.send({
      from: core.id,
      to: message.from,
      term: core.term,
      type: 'appendReply',
      rejected: true,
      match,
      hint,
    });
    return;
  }
  if (entries.length > 0) {
    const removed = log.merge(entries);
    if (removed !== null) forgetFrom(core, removed);
    for (const entry of entries) {
      if (entry.kind === 'configuration' && entry.index > log.commit) core.configurations.appended(entry);
    }
  }
  const lastNew = Math.max(previous.index + entries.length, log.commit);
  const before = log.commit;
  const limit = mutant.active === 'commit-beyond-match' ? log.last : lastNew;
  core.commitTo(logIndex(Math.min(message.commit, limit)));
  // An empty append that moves the commit index needs no answer: telling it was its purpose. If it was a probe, the next one is answered.
  if (entries.length > 0 || log.commit === before) acknowledge(core, message.from, logIndex(lastNew));
}

/** Up to the commit index every log of this term's leader is the same as this one. */
function matches(core: Core, previous: LogPoint): boolean {
  return previous.index <= core.log.commit || core.log.termAt(previous.index) === previous.term;
}

/** The best point where this log could still match the leader's (Raft §5.3, last paragraphs): at worst the commit index. */
function conflictHint(core: Core, previous: LogPoint): LogPoint {
  const { log } = core;
  const candidate = log.findConflict(previous.index, previous.term);
  if (candidate.index > log.commit) return candidate;
  return { index: log.commit, term: log.termAt(log.commit) ?? previous.term };
}

/** Entries ≥ `from` were replaced: no write under way makes them durable, and their configurations are gone. */
function forgetFrom(core: Core, from: LogIndex): void {
  for (const write of core.inFlight) if (write.last >= from) write.last = logIndex(from - 1);
  core.configurations.truncated(from);
}

function acknowledge(core: Core, to: NodeId, match: LogIndex): void {
  const hint: LogPoint = { index: match, term: core.term };
  core.sendWhenDurable(
    { from: core.id, to, term: core.term, type: 'appendReply', rejected: false, match, hint },
    match,
  );
}

export function handleHeartbeat(core: Core, message: RaftMessage & Heartbeat): void {
  core.succession = message.succession;
  if (core.install === null) core.commitTo(logIndex(Math.min(message.commit, core.log.last)));
  const { round } = message;
  const { context } = core;
  core.send({ from: core.id, to: message.from, term: core.term, type: 'heartbeatReply', round, context });
}

/** The snapshot has arrived beside the log (Raft §7). It is of use only beyond what is committed here. */
export function handleInstallSnapshot(core: Core, message: RaftMessage & InstallSnapshot): void {
  const { point, configuration } = message;
  const { log } = core;
  if (core.install !== null) return;
  if (point.index > log.commit && log.termAt(point.index) !== point.term) {
    core.install = { point, configuration, taken: false };
    return;
  }
  // The log has it all: all that is new is that it is committed.
  core.commitTo(logIndex(Math.max(point.index, log.commit)));
  acknowledge(core, message.from, log.commit);
}

export function handleInstalled(core: Core, point: LogPoint): void {
  const { install } = core;
  assert(
    install !== null && install.point.index === point.index,
    'the installed snapshot is the one handed out',
  );
  core.install = null;
  core.log.reset(point);
  for (const write of core.inFlight) write.last = logIndex(0);
  core.configurations.reset(install.configuration, point.index);
  if (core.leader !== null && core.role === 'follower') acknowledge(core, core.leader, point.index);
}

/** The log goes on as it is; the leader finds out where that ends, and sends what is missing again. */
export function handleInstallFailed(core: Core, point: LogPoint): void {
  assert(core.install?.point.index === point.index, 'the snapshot that failed is the one handed out');
  core.install = null;
}

export function handleReadIndexReply(core: Core, message: RaftMessage & ReadIndexReply): void {
  for (const id of core.forwarded.answered(message.id)) core.reads.push({ id, index: message.index });
}
