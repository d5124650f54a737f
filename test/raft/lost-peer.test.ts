import test from 'ava';
import { logIndex, type Term } from '../../src/foundation/ids.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import type { Raft } from '../../src/raft/raft.ts';
import { a, b, c, drain, elect, matched, node, persistAll } from './single-node.ts';

const command = Buffer.from('command');

/** A leader whose followers have acknowledged all ten entries; `b` then comes back. */
function leading(): { readonly raft: Raft; readonly inTerm: Term } {
  const raft = node();
  const inTerm = elect(raft);
  while (raft.status.last.index < 10) raft.propose('commands', command);
  persistAll(raft);
  for (const from of [b, c]) raft.step(matched(from, inTerm, logIndex(10)));
  persistAll(raft);
  raft.peerReset(b);
  return { raft, inTerm };
}

function appendsTo(messages: readonly RaftMessage[]): readonly number[] {
  return messages.flatMap((message) =>
    message.type === 'append' && message.to === b ? [message.previous.index] : [],
  );
}

function refusal(inTerm: Term, match: number, hint: number): RaftMessage {
  const point = { index: logIndex(hint), term: inTerm };
  return {
    from: b,
    to: a,
    term: inTerm,
    type: 'appendReply',
    rejected: true,
    match: logIndex(match),
    hint: point,
  };
}

/** Until the next append to b, at most this many ticks; b answers heartbeats. */
function nextAppends(
  raft: Raft,
  inTerm: Term,
  ticks: number,
): { readonly after: number; readonly at: readonly number[] } {
  const context = new Uint8Array(0);
  for (let after = 0; after <= ticks; after++) {
    const sent = persistAll(raft);
    const at = appendsTo(sent);
    if (at.length > 0) return { after, at };
    for (const message of sent) {
      if (message.type !== 'heartbeat') continue;
      const { round } = message;
      raft.step({ from: message.to, to: a, term: inTerm, type: 'heartbeatReply', round, context });
    }
    const answered = appendsTo(persistAll(raft));
    if (answered.length > 0) return { after, at: answered };
    raft.tick();
  }
  return { after: ticks, at: [] };
}

test('who refuses again and again what it had acknowledged has lost it: told once, forgotten, repaired (promise 6)', (t) => {
  const { raft, inTerm } = leading();
  t.deepEqual(nextAppends(raft, inTerm, 0).at, [10]);
  for (const _ of [1, 2]) {
    raft.step(refusal(inTerm, 10, 5));
    t.deepEqual(appendsTo(persistAll(raft)), [], 'no append at once');
    const { after, at } = nextAppends(raft, inTerm, 20);
    t.deepEqual(at, [10]);
    t.true(after > 0, 'a heartbeat lies between');
    t.is(raft.status.progress.get(b)?.match, logIndex(10));
  }
  raft.step(refusal(inTerm, 10, 5));
  const readies = drain(raft);
  t.deepEqual(
    readies.flatMap((ready) => ready.lostPeers),
    [b],
  );
  t.is(raft.status.progress.get(b)?.match, logIndex(0));
  t.deepEqual(appendsTo(readies.flatMap((ready) => ready.messages)), [5]);
  t.deepEqual(
    raft.acknowledgedBy(b),
    { index: logIndex(10), term: inTerm },
    'what it should have stays known',
  );
});

test('a late refusal proves nothing: an acknowledgement in between starts the count anew', (t) => {
  const { raft, inTerm } = leading();
  for (let i = 0; i < 6; i++) {
    t.deepEqual(nextAppends(raft, inTerm, 20).at, [10]);
    raft.step(refusal(inTerm, 10, 5));
    raft.step(refusal(inTerm, 4, 2));
    persistAll(raft);
    nextAppends(raft, inTerm, 20);
    raft.step(matched(b, inTerm, logIndex(10)));
    for (const ready of drain(raft)) t.deepEqual(ready.lostPeers, []);
    t.is(raft.status.progress.get(b)?.match, logIndex(10));
    raft.peerReset(b);
  }
});

test('what was acknowledged is known after the office, and only as far as it was committed', (t) => {
  const { raft, inTerm } = leading();
  for (let i = 0; i < 5; i++) raft.propose('commands', command);
  // Of the last five no more than what b alone has: not committed, as this node's own write is under way.
  drain(raft);
  raft.step(matched(b, inTerm, logIndex(15)));
  t.is(raft.status.commit, logIndex(10));
  raft.step({
    from: c,
    to: a,
    term: (inTerm + 1) as Term,
    type: 'heartbeat',
    commit: logIndex(0),
    round: 0,
    succession: [],
    context: new Uint8Array(0),
  });
  t.is(raft.status.role, 'follower');
  t.deepEqual(raft.acknowledgedBy(b), { index: logIndex(10), term: inTerm });
});
