import test from 'ava';
import { WatchStream } from '../../../src/api/services/watch-stream.ts';
import { WatchShares } from '../../../src/api/streams/watch-shares.ts';
import { WatchCursor } from '../../../src/client/core/watch-cursor.ts';
import { clusterTimeMs, noLease, revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits, limits } from '../../../src/foundation/limits.ts';
import type { TanistNode, WatchSink } from '../../../src/node/node.ts';
import type { StateDelta } from '../../../src/ports/delta.ts';
import { decodeWatchReply, encodeWatchRequest } from '../../../src/protocol/watch.ts';
import { b } from '../../state/commands.ts';
import { FakeCall } from '../fake-call.ts';

function started(messageBytes?: number, shares = new WatchShares(), peer?: string) {
  const call = new FakeCall(peer);
  const sinks: WatchSink[] = [];
  const counts = { resumed: 0, cancelled: 0, progress: 0 };
  const node = {
    state: { revision: () => revision(5) },
    requestLimits: defaultRequestLimits,
    watch: (_: unknown, sink: WatchSink) => {
      sinks.push(sink);
      return {
        cancel: () => counts.cancelled++,
        resume: () => counts.resumed++,
        requestProgress: () => counts.progress++,
      };
    },
  } as unknown as TanistNode;
  new WatchStream(node, call.call, shares, messageBytes);
  const create = (id: number, key = 'k'): void =>
    call.sends(
      encodeWatchRequest({
        kind: 'create',
        id,
        space: 'user',
        key: b(key),
        rangeEnd: b(''),
        fromRevision: revision(0),
        previous: false,
      }),
    );
  return { call, sinks, counts, create };
}

function change(bytes: number) {
  const delta: StateDelta = {
    space: 'user',
    op: 'put',
    key: b('k'),
    value: b('x'.repeat(bytes)),
    revision: revision(6),
    sub: 0,
    createRevision: revision(6),
    version: 1,
    lease: noLease,
    epoch: 1,
    timeMs: clusterTimeMs(1),
  };
  return { revision: revision(6), events: [{ delta, previous: null }] };
}

test('a watch waits once bytes, not messages, are more than its queue holds, and goes on when they are taken', async (t) => {
  const { call, sinks, counts, create } = started();
  create(1);
  call.stopReading();
  const small = change(10);
  for (let i = 0; i < 100; i++) t.true(sinks[0]!.events(small));
  const large = change(1024 * 1024);
  let accepted = 0;
  while (sinks[0]!.events(large)) accepted++;
  t.is(accepted, limits.watcherQueueBytes / 1024 / 1024 - 1);
  t.is(counts.resumed, 0);
  await call.readAgain();
  t.is(counts.resumed, 1);
});

test('a client that only sends and reads nothing loses its stream', (t) => {
  const { call, create, counts } = started();
  call.stopReading();
  let id = 0;
  while (call.endedWith === null && id < 1_000_000) {
    create(++id);
    call.sends(encodeWatchRequest({ kind: 'cancel', id }));
  }
  t.is(call.endedWith?.code, 'overloaded');
  t.is(counts.cancelled, id);
});

test('whatever a client sends ends its own stream, with all its watches', (t) => {
  for (const bytes of [[], [0xff], [0x0a, 0x03, 0x01]]) {
    const { call, counts, create, sinks } = started();
    create(1);
    t.notThrows(() => call.sends(Buffer.from(bytes)));
    t.is(call.endedWith?.code, 'invalid-argument');
    t.is(counts.cancelled, 1);
    create(2);
    t.is(sinks.length, 1, 'an ended stream takes no more');
    t.false(sinks[0]!.events(change(1)));
  }
});

test('events that cannot be encoded end the stream, not the node that gives them', (t) => {
  const { call, create, sinks } = started();
  create(1);
  t.notThrows(() => sinks[0]!.events({ revision: revision(6), events: [null as never] }));
  t.not(call.endedWith, null);
});

/** A revision with many events of `bytes` each, and one event of the next. */
function manyChanges(count: number, bytes: number) {
  const [event] = change(bytes).events;
  const first = Array.from({ length: count }, (_, sub) => ({ ...event!, delta: { ...event!.delta, sub } }));
  const next = { ...event!, delta: { ...event!.delta, revision: revision(7) } };
  return { revision: revision(9), events: [...first, next] };
}

test('events that no message holds go out in several; the client sees each revision whole', async (t) => {
  const { call, create, sinks } = started(1000);
  create(1);
  t.true(sinks[0]!.events(manyChanges(10, 300)));
  await Promise.resolve();
  const replies = call.taken.slice(1).map((bytes) => decodeWatchReply(bytes));
  t.true(call.taken.every((bytes) => bytes.length < 1200));
  t.deepEqual(
    replies.map(({ revision: through, events }) => [Number(through), events.length]),
    [
      [5, 2],
      [5, 2],
      [5, 2],
      [5, 2],
      [6, 2],
      [9, 1],
    ],
  );
  const cursor = new WatchCursor(revision(6));
  const batches = replies.map((reply) => cursor.take(reply)).filter((batch) => batch !== null);
  t.deepEqual(
    batches.map(({ revision: through, events }) => [Number(through), events.length]),
    [
      [6, 10],
      [9, 1],
    ],
  );
});

test('one revision larger than all that may wait for a client reaches it as it reads', async (t) => {
  const { call, create, sinks, counts } = started();
  create(1);
  call.stopReading();
  t.false(sinks[0]!.events(manyChanges(100, 1024 * 1024)));
  t.is(call.endedWith, null);
  t.true(call.writableLength < 25);
  sinks[0]!.ended({ kind: 'failed', code: 'revision-compacted', message: '' });
  while (counts.resumed === 0 && call.endedWith === null && call.taken.length < 103) await call.readAgain();
  const replies = call.taken.slice(1).map((bytes) => decodeWatchReply(bytes));
  t.is(replies.flatMap(({ events }) => events).length, 101);
  t.is(replies.at(-1)?.failure?.code, 'revision-compacted', 'after all events');
  t.is(call.endedWith, null);
});

test('a connection that holds its share gets no further watch on any stream; others do', async (t) => {
  const shares = new WatchShares(3);
  const streams = [started(undefined, shares, 'a:1'), started(undefined, shares, 'a:1')] as const;
  const other = started(undefined, shares, 'b:1');
  const codes = async ({ call }: { readonly call: FakeCall }) => {
    await Promise.resolve();
    return call.taken.splice(0).map((bytes) => decodeWatchReply(bytes).failure?.code ?? 'created');
  };
  for (const id of [1, 2]) for (const stream of streams) stream.create(id);
  t.deepEqual(await codes(streams[0]), ['created', 'created']);
  t.deepEqual(await codes(streams[1]), ['created', 'too-many-watchers']);
  other.create(1);
  t.deepEqual(await codes(other), ['created']);
  streams[1].sinks[0]!.ended({ kind: 'failed', code: 'revision-compacted', message: '' });
  streams[1].create(3);
  t.deepEqual(await codes(streams[1]), ['revision-compacted', 'created']);
  streams[0].call.emit('cancelled');
  for (const id of [4, 5, 6]) streams[1].create(id);
  t.deepEqual(await codes(streams[1]), ['created', 'created', 'too-many-watchers']);
});

test('a watch of a long key takes a larger share of the connection; one that no key can have is refused', async (t) => {
  const stream = started(undefined, new WatchShares(18), 'a:1');
  stream.create(1, 'k'.repeat(defaultRequestLimits.keyBytes));
  stream.create(2, 'k'.repeat(defaultRequestLimits.keyBytes + 1));
  for (const id of [3, 4]) stream.create(id);
  await Promise.resolve();
  t.deepEqual(
    stream.call.taken.map((bytes) => decodeWatchReply(bytes).failure?.code ?? 'created'),
    ['created', 'key-too-large', 'created', 'too-many-watchers'],
  );
});

test('streams of one connection together hold what the connection may; each goes on when its client reads', async (t) => {
  const streams = Array.from({ length: 40 }, () => started(undefined, new WatchShares(), 'deaf:1'));
  const other = started(undefined, new WatchShares(), 'hears:1');
  const large = change(512 * 1024);
  let accepted = 0;
  for (const { call, create, sinks } of streams) {
    create(1);
    call.stopReading();
    while (sinks[0]!.events(large)) accepted++;
    t.is(call.endedWith, null);
  }
  t.true(accepted * 512 * 1024 <= limits.connectionWaitingBytes + 40 * 512 * 1024, `${accepted}`);
  other.create(1);
  for (let i = 0; i < 10; i++) t.true(other.sinks[0]!.events(small()), 'another connection is unharmed');
  for (const { call, counts } of streams) {
    await call.readAgain();
    t.is(counts.resumed, 1);
  }
  t.true(streams[0]!.sinks[0]!.events(large));
});

const small = () => change(10);

test('progress is asked of the watch that it names; of one that has ended it is none', async (t) => {
  const { call, counts, create } = started();
  create(1);
  for (const id of [1, 2]) call.sends(encodeWatchRequest({ kind: 'progress', id }));
  t.is(counts.progress, 1);
});
