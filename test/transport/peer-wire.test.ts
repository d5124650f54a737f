import test from 'ava';
import fc from 'fast-check';
import { TanistError } from '../../src/foundation/errors.ts';
import { logIndex, nodeId, term } from '../../src/foundation/ids.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import { decodeEnvelope, encodeEnvelope } from '../../src/transport/envelope.ts';
import {
  decodeAnswer,
  decodeProbeReply,
  decodeSnapshotChunk,
  encodeAnswer,
  encodeProbeReply,
  encodeSnapshotData,
  encodeSnapshotEnd,
  encodeSnapshotHeader,
} from '../../src/transport/peer-wire.ts';
import { safe } from '../protocol/arbitraries.ts';
import { generatedBytes, generatedView } from '../protocol/generated.ts';

const id = fc.constantFrom('a', 'node-2', 'z'.repeat(63)).map(nodeId);
const ids = fc.array(id, { maxLength: 3 });
const index = safe.map(logIndex);
const at = safe.map(term);
const point = fc.record({ index, term: at });
const raw = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const entry = fc.record({
  term: at,
  index,
  kind: fc.constantFrom('noop', 'commands', 'configuration'),
  payload: raw,
});
const is = <T extends string>(type: T) => fc.constant(type);
const content = fc.oneof(
  fc.record({ type: is('preVote'), last: point, round: safe }),
  fc.record({
    type: is('preVoteReply'),
    granted: fc.boolean(),
    reason: fc.constantFrom('granted', 'stale-log', 'leader-alive', 'old-term'),
    round: safe,
  }),
  fc.record({ type: is('vote'), last: point, handOver: fc.boolean(), round: safe }),
  fc.record({
    type: is('voteReply'),
    granted: fc.boolean(),
    reason: fc.constantFrom('granted', 'stale-log', 'leader-alive', 'voted', 'old-term'),
    round: safe,
  }),
  fc.record({
    type: is('append'),
    previous: point,
    entries: fc.array(entry, { maxLength: 4 }),
    commit: index,
  }),
  fc.record({ type: is('appendReply'), rejected: fc.boolean(), match: index, hint: point }),
  fc.record({ type: is('heartbeat'), commit: index, round: safe, succession: ids, context: raw }),
  fc.record({ type: is('heartbeatReply'), round: safe, context: raw }),
  fc.record({
    type: is('installSnapshot'),
    point,
    configuration: fc.record({ voters: ids, outgoing: ids, learners: ids }),
  }),
  fc.record({ type: is('timeoutNow') }),
  fc.record({ type: is('readIndexRequest'), id: safe }),
  fc.record({
    type: is('readIndexReply'),
    id: safe,
    index: fc.oneof(fc.constant(null), fc.integer({ min: 1 }).map(logIndex)),
  }),
);
const message = fc
  .tuple(id, id, at, content)
  .map(([from, to, sent, rest]) => ({ from, to, term: sent, ...rest }) as RaftMessage);

/** The same as a plain object for the generated code. */
function plain(value: RaftMessage): object {
  const { from, to, term: sent, type, ...rest } = value;
  const fields = Object.fromEntries(Object.entries(rest).filter(([, field]) => field !== null));
  if (value.type === 'append') {
    fields.entries = value.entries.map((each) => ({ ...each, kind: each.kind.toUpperCase() }));
  }
  return { from, to, term: sent, [type]: fields };
}

test('messages between nodes: what we write the generated code reads, and the other way round', (t) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 4 }), safe, (messages, ping) => {
      const theirs = generatedBytes('PeerEnvelope', { messages: messages.map(plain), ping });
      const ours = encodeEnvelope(messages, ping);
      t.deepEqual(generatedView('PeerEnvelope', ours), generatedView('PeerEnvelope', theirs));
      t.deepEqual(decodeEnvelope(Buffer.from(theirs)), { hello: null, messages, ping });
      t.deepEqual(decodeEnvelope(ours), { hello: null, messages, ping });
    }),
  );
});

test('a voter that knows no rounds of pre-votes answers for the round 0', (t) => {
  const theirs = { from: 'b', to: 'a', term: 3, preVoteReply: { granted: true, reason: 'granted' } };
  const [decoded] = decodeEnvelope(
    Buffer.from(generatedBytes('PeerEnvelope', { messages: [theirs] })),
  ).messages;
  t.like(decoded, { type: 'preVoteReply', granted: true, round: 0 });
});

test('payloads of entries stay in the memory of their envelope', (t) => {
  const payload = Buffer.alloc(5000, 7);
  const entries = [{ term: term(1), index: logIndex(2), kind: 'commands' as const, payload }];
  const append: RaftMessage = {
    type: 'append',
    from: nodeId('a'),
    to: nodeId('b'),
    term: term(1),
    previous: { index: logIndex(1), term: term(1) },
    entries,
    commit: logIndex(1),
  };
  const bytes = encodeEnvelope([append], 0);
  const [decoded] = decodeEnvelope(bytes).messages;
  if (decoded?.type !== 'append') return t.fail();
  t.is(decoded.entries[0]?.payload.buffer, bytes.buffer);
  t.deepEqual(decoded.entries[0]?.payload, payload);
});

test('hellos, echoes, probes, snapshot chunks', (t) => {
  const hello = {
    clusterId: 'c',
    id: nodeId('a'),
    identity: {
      storeId: 's',
      bootCounter: 3,
      incarnation: 'i',
      last: { index: logIndex(5), term: term(2) },
      doubted: false,
    },
    address: 'h:1',
    sentinelPort: 7,
  };
  const plainHello = {
    clusterId: 'c',
    id: 'a',
    storeId: 's',
    bootCounter: 3,
    incarnation: 'i',
    last: { index: 5, term: 2 },
    address: 'h:1',
    sentinelPort: 7,
  };
  t.deepEqual(decodeAnswer(generatedBytes('PeerAnswer', { hello: plainHello })), { hello });
  t.deepEqual(decodeAnswer(encodeAnswer({ hello })), { hello });
  t.deepEqual(decodeAnswer(encodeAnswer({ pong: 2 ** 40 })), { pong: 2 ** 40 });
  for (const leaderHeardMs of [null, 0, 12.5]) {
    const answer = { id: hello.id, identity: hello.identity, term: term(4), leader: null, leaderHeardMs };
    t.deepEqual(decodeProbeReply(encodeProbeReply('c', answer)), { clusterId: 'c', ...answer });
  }
  const header = {
    hello,
    term: term(4),
    point: { index: logIndex(7), term: term(2) },
    header: Buffer.from('x'),
  };
  t.deepEqual(decodeSnapshotChunk(encodeSnapshotHeader(header)).header, header);
  t.like(decodeSnapshotChunk(encodeSnapshotData(Buffer.from('data'))), {
    header: null,
    data: Buffer.from('data'),
    last: false,
  });
  t.like(decodeSnapshotChunk(encodeSnapshotEnd()), { header: null, last: true });
});

test('any bytes are read or refused as invalid-argument', (t) => {
  const decoders = [decodeEnvelope, decodeAnswer, decodeProbeReply, decodeSnapshotChunk];
  const altered = fc
    .tuple(fc.array(message, { maxLength: 3 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([messages, changes]) => {
      const bytes = Buffer.from(encodeEnvelope(messages, 1));
      for (const [where, value] of changes) bytes[where % bytes.length] = value;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(altered, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      for (const decode of decoders) {
        try {
          decode(bytes);
        } catch (error) {
          if (!(error instanceof TanistError && error.code === 'invalid-argument')) return false;
        }
      }
      return true;
    }),
    { numRuns: 500 },
  );
  t.pass();
});
