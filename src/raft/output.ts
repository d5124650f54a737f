import { assert } from '../foundation/assert.ts';
import { logIndex } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { LogEntry } from '../ports/log-store.ts';
import type { Core, InFlight } from './core.ts';
import { countOwnVote } from './election.ts';
import { broadcastHeartbeat, maybeBeginRound, maybeCommit } from './leader.ts';
import type { Persist, Ready, SoftState } from './ready.ts';
import { fillFlows } from './replication.ts';

const nothing: readonly never[] = [];

/** Gathers what is to be done. Null, and cheap, when there is nothing. */
export function takeReady(core: Core, told: SoftState): Ready | null {
  if (core.role === 'leader') {
    maybeBeginRound(core);
    if (core.heartbeatDue) broadcastHeartbeat(core);
    fillFlows(core);
  } else if (core.forwarded.isWaiting) forwardReads(core);
  const soft = changedSoft(core, told);
  const persist = takePersist(core);
  const committed = takeCommitted(core);
  const install = takeInstall(core);
  if (
    soft === null &&
    persist === null &&
    install === null &&
    committed.length === 0 &&
    core.messages.length === 0 &&
    core.reads.length === 0 &&
    core.snapshots.length === 0 &&
    core.logReads.length === 0 &&
    core.lostPeers.length === 0
  ) {
    return null;
  }
  const { messages, reads, snapshots, logReads, lostPeers } = core;
  if (messages.length > 0) core.messages = [];
  if (reads.length > 0) core.reads = [];
  if (snapshots.length > 0) core.snapshots = [];
  if (logReads.length > 0) core.logReads = [];
  if (lostPeers.length > 0) core.lostPeers = [];
  return { soft, messages, persist, committed, reads, snapshots, logReads, lostPeers, install };
}

function forwardReads(core: Core): void {
  const { leader } = core;
  if (leader === null) {
    core.refuseForwarded();
    return;
  }
  const id = core.forwarded.ask();
  core.send({ from: core.id, to: leader, term: core.term, type: 'readIndexRequest', id });
}

function changedSoft(core: Core, told: SoftState): SoftState | null {
  if (told.role === core.role && told.term === core.term && told.leader === core.leader) return null;
  return { role: core.role, term: core.term, leader: core.leader };
}

function takePersist(core: Core): Persist | null {
  const { log, hardDirty } = core;
  if (!hardDirty && log.handed === log.last) {
    // What they waited for was truncated away or replaced by a snapshot meanwhile.
    for (const message of core.gated) core.send(message);
    if (core.gated.length > 0) core.gated = [];
    return null;
  }
  const token = core.nextToken++;
  const hardState = hardDirty ? { term: core.term, vote: core.vote } : null;
  const entries = log.slice(log.handed, log.last, Number.POSITIVE_INFINITY);
  const messages = core.gated;
  log.handed = log.last;
  core.hardDirty = false;
  core.gated = [];
  core.inFlight.push({ token, hardState, last: log.last, waiting: [] });
  return { token, hardState, entries, messages };
}

/** Only what is locally durable: so the state image never runs ahead of the log (architecture.md, Storage). */
function takeCommitted(core: Core): readonly LogEntry[] {
  const { log } = core;
  const until = logIndex(Math.min(log.commit, log.durable));
  if (until <= log.taken || core.install !== null) return nothing;
  const entries = log.slice(log.taken, until, limits.blockBytes);
  log.taken = logIndex(log.taken + entries.length);
  return entries;
}

function takeInstall(core: Core): Ready['install'] {
  const { install } = core;
  if (install === null || install.taken) return null;
  install.taken = true;
  return { point: install.point, configuration: install.configuration };
}

/** A write is on the disk: what depended on it goes on. */
export function handlePersisted(core: Core, token: number): void {
  const write: InFlight | undefined = core.inFlight.shift();
  assert(write !== undefined && write.token === token, 'writes complete in the order they were handed out');
  const { log } = core;
  if (write.last > log.durable) log.durable = write.last;
  for (const message of write.waiting) core.send(message);
  if (write.hardState !== null) core.durableHard = write.hardState;
  const { term, vote } = core.durableHard;
  if (core.role === 'candidate' && term === core.term && vote === core.id && !core.ballots.has(core.id)) {
    countOwnVote(core);
  } else if (core.role === 'leader') maybeCommit(core);
}
