import test from 'ava';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { checkSuccession } from '../../src/raft/invariants.ts';
import { a, appended, b, c, drain, elect, entry, matched, node, persistAll } from './single-node.ts';

const command = Buffer.from('command');

test('nothing to do gives null', (t) => {
  const raft = node();
  t.is(raft.ready(), null);
  raft.tick();
  t.is(raft.ready(), null);
});

test('an append is acknowledged with the persist that makes it durable (Raft §5.3)', (t) => {
  const raft = node();
  raft.step(appended(1, [0, 0], [entry(1, 1), entry(2, 1)], 0));
  const [ready] = drain(raft);
  t.deepEqual(ready?.messages, []);
  t.deepEqual(ready?.persist?.hardState, { term: term(1), vote: null });
  t.deepEqual(
    ready?.persist?.messages.map((message) => message.type === 'appendReply' && message.match),
    [logIndex(2)],
  );
});

test('a repeated append whose write is under way is acknowledged when that write is durable', (t) => {
  const raft = node();
  const message = appended(1, [0, 0], [entry(1, 1)], 0);
  raft.step(message);
  const [first] = drain(raft);
  raft.step(message);
  t.is(raft.ready(), null);
  raft.persisted(first!.persist!.token);
  t.is(raft.ready()?.messages[0]?.type, 'appendReply');
});

test('entries are shared, not copied', (t) => {
  const raft = node();
  const one = entry(1, 1);
  raft.step(appended(1, [0, 0], [one], 1));
  const [ready] = drain(raft);
  t.is(ready?.persist?.entries[0], one);
  raft.persisted(ready!.persist!.token);
  t.is(raft.ready()?.committed[0], one);
});

test('committed entries are given out only when locally durable', (t) => {
  const raft = node();
  raft.step(appended(1, [0, 0], [entry(1, 1)], 1));
  const [ready] = drain(raft);
  t.is(raft.status.commit, logIndex(1));
  t.deepEqual(ready?.committed, []);
  raft.persisted(ready!.persist!.token);
  t.is(raft.ready()?.committed.length, 1);
});

test('a write that was under way when its entries were replaced makes none of them durable', (t) => {
  const raft = node();
  raft.step(appended(1, [0, 0], [entry(1, 1), entry(2, 1)], 0));
  const [old] = drain(raft);
  raft.step(appended(2, [1, 1], [entry(2, 2)], 0));
  const [replaced] = drain(raft);
  raft.persisted(old!.persist!.token);
  t.is(raft.status.durable, logIndex(1));
  raft.persisted(replaced!.persist!.token);
  t.is(raft.status.durable, logIndex(2));
});

test('a follower commits no further than it is known to match (Raft §5.3); the mutant does', (t) => {
  const commitAfter = (): number => {
    const raft = node();
    raft.step(appended(1, [0, 0], [entry(1, 1), entry(2, 1), entry(3, 1)], 0));
    raft.step(appended(2, [0, 0], [entry(1, 1)], 3));
    return raft.status.commit;
  };
  t.is(commitAfter(), 1);
  activateMutant('commit-beyond-match');
  try {
    t.is(commitAfter(), 3);
  } finally {
    activateMutant(null);
  }
});

test('a vote leaves only when durable (Raft §5.2), and is given again to the same candidate', (t) => {
  const raft = node();
  const last = { index: logIndex(0), term: term(0) };
  const request = { from: b, to: a, term: term(1), type: 'vote', last, handOver: false, round: 3 } as const;
  raft.step(request);
  const [ready] = drain(raft);
  t.deepEqual(ready?.messages, []);
  t.like(ready?.persist?.messages[0], { type: 'voteReply', granted: true, round: 3 });
  raft.persisted(ready!.persist!.token);
  raft.step(request);
  t.like(raft.ready()?.messages[0], { type: 'voteReply', granted: true });
  raft.step({ ...request, from: c });
  t.like(raft.ready()?.messages[0], { type: 'voteReply', granted: false, reason: 'voted' });
});

test('a voter that hears its leader has no vote for another, except by hand-over (thesis §4.2.3, §3.10)', (t) => {
  const raft = node();
  raft.step(appended(1, [0, 0], [], 0));
  persistAll(raft);
  const last = { index: logIndex(0), term: term(0) };
  raft.step({ from: c, to: a, term: term(2), type: 'vote', last, handOver: false, round: 3 });
  t.is(raft.status.term, term(1));
  raft.step({ from: c, to: a, term: term(2), type: 'vote', last, handOver: true, round: 3 });
  t.is(raft.status.vote, c);
});

test('a leader without answers from a majority steps down (thesis §6.2); the mutant does not', (t) => {
  const roleAfter = (): string => {
    const raft = node();
    elect(raft);
    for (let n = 0; n < 16; n++) raft.tick();
    return raft.status.role;
  };
  t.is(roleAfter(), 'follower');
  activateMutant('skip-check-quorum');
  try {
    t.is(roleAfter(), 'leader');
  } finally {
    activateMutant(null);
  }
});

test('members under doubt stay in the denominator and out of the count (promise 6)', (t) => {
  const raft = node();
  const now = elect(raft);
  raft.setDoubtedPeers(new Set([b]));
  raft.propose('commands', command);
  persistAll(raft);
  const { index } = raft.status.last;
  raft.step(matched(b, now, index));
  t.is(raft.status.commit, logIndex(index - 1));
  raft.step(matched(c, now, index));
  t.is(raft.status.commit, index);
  t.deepEqual(raft.status.succession, [c]);
});

test('a node under doubt stores entries and does not vote or campaign (promise 6)', (t) => {
  const raft = node();
  raft.setDoubted(true);
  for (let n = 0; n < 40; n++) raft.tick();
  t.is(raft.status.role, 'follower');
  const last = { index: logIndex(9), term: term(9) };
  raft.step({ from: b, to: a, term: term(9), type: 'vote', last, handOver: false, round: 3 });
  t.is(raft.status.vote, null);
  raft.step(appended(9, [0, 0], [entry(1, 9)], 0));
  t.is(raft.status.last.index, logIndex(1));
});

test('proposals are refused beyond the uncommitted bytes, never the first one (promise 10)', (t) => {
  const raft = node({ maxUncommittedBytes: 100 });
  const now = elect(raft);
  t.true(raft.propose('commands', Buffer.alloc(500)).accepted);
  t.deepEqual(raft.propose('commands', command), { accepted: false, reason: 'overloaded' });
  persistAll(raft);
  raft.step(matched(b, now, raft.status.last.index));
  t.true(raft.propose('commands', command).accepted);
});

test('proposals between two Readies go out as one append, in flight up to the limits', (t) => {
  const raft = node({ maxAppendBytes: 100_000, maxInflightMessages: 2, maxInflightBytes: 100_000 });
  elect(raft);
  for (let n = 0; n < 3; n++) raft.propose('commands', command);
  const sent = (): number[] =>
    drain(raft).flatMap(({ messages }) =>
      messages.flatMap((m) => (m.type === 'append' && m.to === b ? [m.entries.length] : [])),
    );
  t.deepEqual(sent(), [3]);
  raft.propose('commands', command);
  t.deepEqual(sent(), [1]);
  raft.propose('commands', command);
  t.deepEqual(sent(), []);
  t.is(raft.status.progress.get(b)?.inflightMessages, 2);
  raft.peerReset(b);
  t.like(raft.status.progress.get(b), { state: 'probe', inflightMessages: 0, inflightBytes: 0 });
});

test('the first heir has all that is committed (failover.md); the mutant succession ignores that', (t) => {
  const firstHeir = (): string | undefined => {
    const raft = node();
    const now = elect(raft);
    raft.propose('commands', command);
    persistAll(raft);
    raft.step(matched(c, now, raft.status.last.index));
    raft.setSuccession([b, c]);
    persistAll(raft);
    checkSuccession(raft.status);
    return raft.status.succession[0];
  };
  t.is(firstHeir(), 'c');
  activateMutant('succession-ignores-log');
  try {
    t.throws(firstHeir, { message: /lacks committed entries/ });
  } finally {
    activateMutant(null);
  }
});

test('what memory does not hold is read from the log store, with the entry before it', (t) => {
  const raft = node({ logMemoryBytes: 0, maxAppendBytes: 1000 });
  const now = elect(raft);
  for (let n = 0; n < 3; n++) {
    raft.propose('commands', command);
    persistAll(raft);
    raft.step(matched(b, now, raft.status.last.index));
    persistAll(raft);
  }
  raft.peerReset(c);
  const [ready] = drain(raft);
  t.deepEqual(ready?.logReads, [{ to: c, from: logIndex(1), until: logIndex(5), maxBytes: 1000 }]);
  raft.logRead(c, [entry(1, now, 'noop'), entry(2, now), entry(3, now)]);
  const [sent] = drain(raft);
  t.like(sent?.messages[0], { type: 'append', to: c, previous: { index: 1, term: now } });
});

test('reads before the first commit of the term wait; a stale answer confirms nothing (thesis §6.4)', (t) => {
  const raft = node();
  elect(raft);
  raft.readIndex(7);
  drain(raft);
  const now = raft.status.term;
  const context = new Uint8Array(0);
  raft.step({ from: b, to: a, term: now, type: 'heartbeatReply', round: 0, context });
  t.deepEqual(
    drain(raft).flatMap(({ reads }) => reads),
    [],
  );
  raft.step({ from: b, to: a, term: now, type: 'heartbeatReply', round: 1, context });
  t.deepEqual(
    drain(raft).flatMap(({ reads }) => reads),
    [{ id: 7, index: logIndex(1) }],
  );
});

test('strangers are not heard: neither their answers nor their higher term', (t) => {
  const raft = node();
  elect(raft);
  const before = raft.status;
  raft.step(matched(nodeId('x'), term(50), logIndex(50)));
  t.deepEqual(raft.status, before);
});

test('stepping down tells the first heir', (t) => {
  const raft = node();
  elect(raft);
  raft.stepDown();
  t.like(drain(raft)[0]?.messages[0], { type: 'timeoutNow', to: b });
  t.is(raft.status.role, 'follower');
});

test('an answer counts in its own round of pre-votes; one without a round is of a version that has none', (t) => {
  const answered = (lateBy: number | null) => {
    const raft = node({ electionTicks: 3 });
    let newest = 0;
    for (let asked = 0; asked < 2; raft.tick())
      for (const message of drain(raft).flatMap(({ messages }) => messages)) {
        if (message.type !== 'preVote' || message.to !== b) continue;
        newest = message.round;
        asked++;
      }
    const round = lateBy === null ? 0 : newest - lateBy;
    raft.step({
      from: b,
      to: a,
      term: term(0),
      type: 'preVoteReply',
      granted: true,
      reason: 'granted',
      round,
    });
    return raft.status.role;
  };
  t.is(answered(0), 'candidate');
  t.is(answered(1), 'preCandidate');
  t.is(answered(null), 'candidate');
});

test('a pre-vote is answered with its round, held or not', (t) => {
  const rounds = (trusting: boolean) => {
    const raft = node();
    if (trusting) raft.step(appended(1, [0, 0], [], 0));
    persistAll(raft);
    const last = { index: logIndex(0), term: term(0) };
    raft.step({ from: c, to: a, term: term(1), type: 'preVote', last, round: 7 });
    raft.leaderAlive(b, term(1));
    return persistAll(raft).map((message) => message.type === 'preVoteReply' && message.round);
  };
  t.deepEqual(rounds(false), [7]);
  t.deepEqual(rounds(true), [7]);
});
