import { type LogIndex, logIndex, type NodeId, nodeId, type Term, term } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { EntryKind, LogEntry } from '../../src/ports/log-store.ts';
import { createRaft } from '../../src/raft/create-raft.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import type { Raft, RaftOptions, RaftStart } from '../../src/raft/raft.ts';
import type { Ready } from '../../src/raft/ready.ts';
import { testOptions } from './test-cluster.ts';

export const [a, b, c] = ['a', 'b', 'c'].map(nodeId) as [NodeId, NodeId, NodeId];

export function entry(index: number, inTerm: number, kind: EntryKind = 'commands', payload = 'x'): LogEntry {
  return { index: logIndex(index), term: term(inTerm), kind, payload: Buffer.from(payload) };
}

export function node(options: Partial<RaftOptions> = {}, start: Partial<RaftStart> = {}): Raft {
  return createRaft(
    { ...testOptions, id: a, random: seededRandom(1), ...options },
    {
      hardState: { term: term(0), vote: null },
      compacted: { index: logIndex(0), term: term(0) },
      entries: [],
      configuration: { voters: [a, b, c], outgoing: [], learners: [] },
      applied: logIndex(0),
      ...start,
    },
  );
}

/** All that `ready()` gives until it gives nothing. */
export function drain(raft: Raft): readonly Ready[] {
  const all: Ready[] = [];
  for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
    all.push(ready);
    const last = ready.committed[ready.committed.length - 1];
    if (last !== undefined) raft.applied(last.index);
  }
  return all;
}

export function persistAll(raft: Raft): readonly RaftMessage[] {
  const sent: RaftMessage[] = [];
  for (const ready of drain(raft)) {
    sent.push(...ready.messages);
    if (ready.persist === null) continue;
    raft.persisted(ready.persist.token);
    sent.push(...ready.persist.messages);
  }
  for (const ready of drain(raft)) sent.push(...ready.messages);
  return sent;
}

/** Makes it the leader of `term` by votes of b and c; their logs match up to the no-op. */
export function elect(raft: Raft): Term {
  while (raft.status.role === 'follower') raft.tick();
  const before = raft.status.term;
  raft.step({
    from: b,
    to: a,
    term: before,
    type: 'preVoteReply',
    granted: true,
    reason: 'granted',
    round: 0,
  });
  persistAll(raft);
  const now = raft.status.term;
  raft.step({ from: b, to: a, term: now, type: 'voteReply', granted: true, reason: 'granted', round: 0 });
  persistAll(raft);
  for (const from of [b, c]) raft.step(matched(from, now, raft.status.last.index));
  persistAll(raft);
  return now;
}

export function matched(from: NodeId, inTerm: Term, match: LogIndex): RaftMessage {
  const hint = { index: match, term: inTerm };
  return { from, to: a, term: inTerm, type: 'appendReply', rejected: false, match, hint };
}

export function appended(
  inTerm: number,
  previous: readonly [index: number, term: number],
  entries: readonly LogEntry[],
  commit: number,
): RaftMessage {
  return {
    from: b,
    to: a,
    term: term(inTerm),
    type: 'append',
    previous: { index: logIndex(previous[0]), term: term(previous[1]) },
    entries,
    commit: logIndex(commit),
  };
}
