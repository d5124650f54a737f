import test from 'ava';
import { SessionStream } from '../../../src/api/services/session-stream.ts';
import { nodeId, noSession, revision, type SessionId, sessionId, term } from '../../../src/foundation/ids.ts';
import { limits } from '../../../src/foundation/limits.ts';
import type { ReadOutcome, TanistNode } from '../../../src/node/node.ts';
import { type Proposal, refused } from '../../../src/node/writes/proposals.ts';
import type { Command } from '../../../src/ports/command.ts';
import type { CommandResult, FailedResult, RangeResult } from '../../../src/ports/result.ts';
import { decodeSessionReply, type SessionReply } from '../../../src/protocol/session/session-reply.ts';
import { encodeBatchRequest, encodeReadsRequest } from '../../../src/protocol/session/session-request.ts';
import { put, range } from '../../state/commands.ts';
import { FakeCall } from '../fake-call.ts';

const session = sessionId(7);
const failure: FailedResult = { kind: 'failed', code: 'key-empty', message: 'the key is empty' };
const done: CommandResult = { kind: 'put', revision: revision(2), previous: null };

/** A node that keeps what it is given, for the test to answer. */
class FakeNode {
  readonly proposals: Proposal[] = [];
  readonly reads: ((outcome: ReadOutcome, ageMs: number) => void)[] = [];
  readonly node = this as unknown as TanistNode;

  onRouting(): () => void {
    return () => {};
  }
  routing() {
    return { term: term(1), leader: nodeId('a'), members: [], succession: [] };
  }
  validate(commands: readonly Command[]) {
    const invalid = new Map<number, FailedResult>();
    for (const [i, command] of commands.entries())
      if (command.kind === 'put' && command.key.length === 0) invalid.set(i, failure);
    return invalid.size === 0 ? null : invalid;
  }
  submit(proposal: Proposal): void {
    this.proposals.push(proposal);
  }
  readonly gone: (() => boolean)[] = [];
  read(
    _range: unknown,
    _consistency: string,
    answer: (outcome: ReadOutcome, ageMs: number) => void,
    isGone: () => boolean,
  ): void {
    this.reads.push(answer);
    this.gone.push(isGone);
  }
}

function started() {
  const call = new FakeCall();
  const node = new FakeNode();
  new SessionStream(node.node, call.call);
  call.taken.length = 0;
  const replies = (): SessionReply[] => call.taken.map((bytes) => decodeSessionReply(bytes));
  const send = (commands: readonly Command[], id: SessionId = session): void =>
    call.sends(encodeBatchRequest({ session: id, firstNumber: 10, acknowledgedThrough: 0, commands }));
  return { call, node, replies, send };
}

function sized(bytes: number): RangeResult {
  const value = put('k', 'x'.repeat(bytes)).value;
  const keyValue = { key: put('k', '').key, value, lease: put('k', '').lease };
  const at = { createRevision: revision(2), modRevision: revision(2), version: 1 };
  return { kind: 'range', revision: revision(2), values: [{ ...keyValue, ...at }], count: 1, more: false };
}

test('a batch that no entry of the log holds is refused and reaches nobody', (t) => {
  const { node, replies, send, call } = started();
  const value = 'x'.repeat(limits.entryBytes / 8);
  send(Array.from({ length: 8 }, () => put('k', value)));
  send(Array.from({ length: limits.blockCommands + 1 }, () => put('k', '')));
  send([]);
  t.is(node.proposals.length, 0);
  t.like(replies(), [
    { firstNumber: 10, refused: { code: 'transaction-too-large' }, refusedCount: 0 },
    { firstNumber: 10, refused: { code: 'invalid-argument' } },
    { firstNumber: 10, refused: { code: 'invalid-argument' } },
  ]);
  send(Array.from({ length: 7 }, () => put('k', value)));
  send(Array.from({ length: limits.blockCommands }, () => put('k', '')));
  t.is(node.proposals.length, 2);
  t.is(call.endedWith, null);
});

test('where a batch is split, each run has its own answer: one is applied, another refused', (t) => {
  const { node, replies, send } = started();
  send([put('a', ''), put('', ''), put('b', ''), put('c', '')]);
  t.deepEqual(
    node.proposals.map(({ batch }) => [batch.firstNumber, batch.commands.length]),
    [
      [10, 1],
      [12, 2],
    ],
  );
  node.proposals[0]!.settle({ kind: 'applied', results: [done] });
  node.proposals[1]!.settle(refused('not-leader', 'gone'));
  t.like(replies(), [
    { firstNumber: 11, refused: { code: 'key-empty', indeterminate: false }, refusedCount: 1 },
    { firstNumber: 10, results: [{ kind: 'put' }], refused: null },
    { firstNumber: 12, refused: { code: 'not-leader' }, refusedCount: 2 },
  ]);
});

test('without a session a batch with an invalid command is refused as a whole', (t) => {
  const { node, replies, send } = started();
  send([put('a', ''), put('', '')], noSession);
  t.is(node.proposals.length, 0);
  t.is(replies().length, 1);
  t.like(replies()[0], { session: noSession, refused: { code: 'key-empty' } });
});

test('large results go out in several messages; one that no message holds is not called failed', (t) => {
  const { node, replies, send } = started();
  send([put('a', ''), put('b', ''), put('c', ''), put('d', '')]);
  const [previous] = sized(900_000).values;
  const large: CommandResult = { kind: 'put', revision: revision(2), previous: previous! };
  const huge: CommandResult = {
    kind: 'txn',
    revision: revision(2),
    succeeded: true,
    responses: [sized(limits.messageBytes)],
  };
  node.proposals[0]!.settle({ kind: 'applied', results: [large, large, huge, done] });
  t.like(replies(), [
    { firstNumber: 10, results: [{ kind: 'put' }] },
    {
      firstNumber: 11,
      results: [{ kind: 'put' }, { kind: 'failed', code: 'indeterminate' }, { kind: 'put' }],
    },
  ]);
});

const reads = (count: number): Buffer =>
  encodeReadsRequest(
    Array.from({ length: count }, (_, i) => ({ id: i + 1, range: range('k'), serializable: false })),
  );

test('a range beyond what a message holds fails with what to do about it', (t) => {
  const { call, node, replies } = started();
  call.sends(reads(1));
  node.reads[0]!(sized(limits.messageBytes), 0);
  t.like(replies(), [{ kind: 'reads', replies: [{ outcome: { code: 'range-too-large' } }] }]);
  t.is(call.endedWith, null);
});

test('a client that takes no answers: reads are refused, then the stream ends; memory stays bounded', async (t) => {
  const { call, node, replies } = started();
  call.stopReading();
  call.sends(reads(100));
  const value = sized(1024 * 1024);
  for (const answer of node.reads) answer(value, 0);
  const waiting = call.writableLength;
  t.true(waiting < 20);
  t.is(call.endedWith, null);
  await call.readAgain();
  const outcomes = replies().flatMap((reply) => (reply.kind === 'reads' ? reply.replies : []));
  t.is(outcomes.length, 100);
  t.like(outcomes.at(-1), { outcome: { code: 'overloaded' } });

  call.stopReading();
  for (let i = 0; i < 100 && call.endedWith === null; i++) {
    call.sends(
      encodeBatchRequest({ session, firstNumber: i + 1, acknowledgedThrough: 0, commands: [put('a', '')] }),
    );
    const previous = value.values[0]!;
    node.proposals
      .at(-1)!
      .settle({ kind: 'applied', results: [{ kind: 'put', revision: revision(2), previous }] });
  }
  t.like(call.endedWith, { code: 'overloaded' });
  t.is(node.proposals.length, 65);
});

test('whatever a client sends ends its own stream and throws nowhere else', (t) => {
  for (const bytes of [[], [0xff], [0x0a, 0x03, 0x01], [0x12, 0x02, 0x0a, 0x00], [0x0a, 0x02, 0x22, 0x00]]) {
    const { call, node } = started();
    t.notThrows(() => call.sends(Buffer.from(bytes)));
    t.is(call.endedWith?.code, 'invalid-argument', `${bytes}`);
    call.sends(
      encodeBatchRequest({ session, firstNumber: 1, acknowledgedThrough: 0, commands: [put('a', '')] }),
    );
    t.is(node.proposals.length, 0, 'an ended stream takes no more');
  }
});

test('an answer that cannot be encoded ends the stream, not the node that gives it', (t) => {
  const { call, node, send } = started();
  send([put('a', '')]);
  const broken = { kind: 'none' } as unknown as CommandResult;
  t.notThrows(() => node.proposals[0]!.settle({ kind: 'applied', results: [broken] }));
  t.not(call.endedWith, null);

  const other = started();
  other.call.sends(reads(1));
  t.notThrows(() => other.node.reads[0]!({ kind: 'range' } as unknown as RangeResult, 0));
  t.not(other.call.endedWith, null);
});

test('a read that is answered does not wait for a slow one of the same request', async (t) => {
  const { call, node, replies } = started();
  const of = (id: number) => ({ id, range: range('k'), serializable: false });
  call.sends(encodeReadsRequest([of(1), of(2), of(3)]));
  node.reads[0]?.(sized(10), 0);
  node.reads[1]?.(sized(10), 0);
  t.is(replies().length, 0, 'what one turn answers is one message');
  await new Promise((resolve) => setImmediate(resolve));
  const idsOf = (reply: SessionReply | undefined): unknown =>
    reply?.kind === 'reads' ? reply.replies.map(({ id }) => id) : reply;
  t.deepEqual(replies().map(idsOf), [[1, 2]]);
  node.reads[2]?.(sized(10), 0);
  t.deepEqual(replies().map(idsOf), [[1, 2], [3]]);
});

test('what a client still waited for at the end of its stream is no longer wanted', (t) => {
  const { call, node } = started();
  call.sends(encodeReadsRequest([{ id: 1, range: range('a'), serializable: false }]));
  t.deepEqual(
    node.gone.map((isGone) => isGone()),
    [false],
  );
  call.emit('cancelled');
  t.deepEqual(
    node.gone.map((isGone) => isGone()),
    [true],
  );
});
