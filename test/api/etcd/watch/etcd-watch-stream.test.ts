import { Metadata } from '@grpc/grpc-js';
import test from 'ava';
import type { EtcdFace } from '../../../../src/api/etcd/etcd-face.ts';
import { EtcdWatchStream, etcdWatchOptions } from '../../../../src/api/etcd/watch/etcd-watch-stream.ts';
import { EventEncoder } from '../../../../src/api/etcd/watch/event-encoder.ts';
import { RequiredLeader } from '../../../../src/api/etcd/watch/required-leader.ts';
import { WatchShares } from '../../../../src/api/streams/watch-shares.ts';
import { clusterTimeMs, noLease, revision } from '../../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../../src/foundation/limits.ts';
import type { WatchRequest, WatchSink } from '../../../../src/node/node.ts';
import type { StateDelta } from '../../../../src/ports/delta.ts';
import { decodeMessage, encodeMessage } from '../../../../src/protocol/etcd/codec.ts';
import { watchRequest, watchResponse } from '../../../../src/protocol/etcd/messages/watch.ts';
import type { Given } from '../../../../src/protocol/etcd/schema.ts';
import { b } from '../../../state/commands.ts';
import { FakeCall } from '../../fake-call.ts';

function started(
  headers: Record<string, string> = {},
  leader: string | null = 'n0',
  shares = new WatchShares(),
  peer?: string,
  behind = false,
) {
  const call = new FakeCall(peer);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  Object.assign(call, { metadata });
  const hub: {
    request: WatchRequest;
    sink: WatchSink;
    asked: number;
    resumed: number;
    cancelled: boolean;
  }[] = [];
  const node = {
    state: { revision: () => revision(5), compacted: () => revision(4) },
    requestLimits: defaultRequestLimits,
    routing: () => ({ leader, term: 3 }),
    onRouting: () => () => {},
    watch: (request: WatchRequest, sink: WatchSink) => {
      const watch = { request, sink, asked: 0, resumed: 0, cancelled: false };
      hub.push(watch);
      return {
        cancel: () => {
          watch.cancelled = true;
        },
        resume: () => watch.resumed++,
        requestProgress: () => watch.asked++,
      };
    },
  };
  const header = { cluster_id: 1n, member_id: 2n, revision: 5, raft_term: 3 };
  const waiting: (() => void)[] = [];
  const face = {
    node,
    caughtUp: (done: () => void) => (behind ? void waiting.push(done) : done()),
    header: () => header,
    answering: () => ({ clusterId: 1n, memberId: 2n, term: 3 }),
  } as unknown as EtcdFace;
  const options = { ...etcdWatchOptions, watches: 3 };
  const leaders = new RequiredLeader(face.node);
  new EtcdWatchStream(face, new EventEncoder(face), leaders, call.call, shares, options);
  const send = (request: Given<typeof watchRequest>): void =>
    call.sends(encodeMessage(watchRequest, request));
  const said = async () => {
    await Promise.resolve();
    return call.taken.splice(0).map((bytes) => decodeMessage(watchResponse, bytes));
  };
  return { call, hub, send, said, waiting };
}

function change(size: number, at = 6): { delta: StateDelta; previous: null } {
  return {
    previous: null,
    delta: {
      space: 'user',
      op: 'put',
      key: b('k'),
      value: b('x'.repeat(size)),
      revision: revision(at),
      sub: 0,
      createRevision: revision(at),
      version: 1,
      lease: noLease,
      epoch: 1,
      timeMs: clusterTimeMs(1),
    },
  };
}

test('progress of the stream is told when its last watch has caught up, at the revision that all have reached', async (t) => {
  const { hub, send, said } = started();
  send({ create_request: { key: b('a') } });
  send({ create_request: { key: b('b') } });
  await said();
  send({ progress_request: {} });
  send({ progress_request: {} });
  t.deepEqual(
    hub.map(({ asked }) => asked),
    [1, 1],
    'asking again changes nothing',
  );
  hub[1]!.sink.events({ revision: revision(4), events: [] });
  t.deepEqual(await said(), []);
  hub[0]!.sink.events({ revision: revision(5), events: [] });
  const [told, ...more] = await said();
  t.deepEqual([told?.watch_id, told?.header?.revision, told?.events.length, more.length], [-1, 4, 0, 0]);
  send({ progress_request: {} });
  send({ cancel_request: { watch_id: 0 } });
  hub[1]!.sink.events({ revision: revision(5), events: [] });
  const replies = await said();
  t.deepEqual(
    replies.map(({ watch_id, canceled }) => [watch_id, canceled]),
    [
      [0, true],
      [-1, false],
    ],
    'one that is gone is not waited for',
  );
});

test('a stream without watches tells its progress at once', async (t) => {
  const { send, said } = started();
  send({ progress_request: {} });
  const [told] = await said();
  t.deepEqual([told?.watch_id, told?.header?.revision], [-1, 5]);
});

test('a stream holds so many watches and no more; cancelling makes room', async (t) => {
  const { hub, send, said } = started();
  for (let i = 0; i < 4; i++) send({ create_request: { key: b('a') } });
  const refused = (await said())[3]!;
  t.deepEqual([refused.watch_id, refused.created, refused.canceled], [-1, true, true]);
  t.regex(refused.cancel_reason, /too many requests: a stream holds 3 watches/);
  t.is(hub.length, 3);
  send({ cancel_request: { watch_id: 1 } });
  t.true(hub[1]!.cancelled);
  send({ create_request: { key: b('a') } });
  const [, created] = await said();
  t.deepEqual([created?.created, created?.canceled], [true, false]);
});

test('a client that creates watches and reads nothing loses its stream, and all its watches', (t) => {
  const { call, hub, send } = started();
  call.stopReading();
  for (let i = 0; call.endedWith === null && i < 1_000_000; i++) send({ create_request: { key: b('a') } });
  t.regex(call.endedWith?.message ?? '', /too many requests/);
  t.true(hub.every(({ cancelled }) => cancelled));
});

test('a watch whose client does not read waits, and goes on when it reads', async (t) => {
  const { call, hub, send } = started();
  send({ create_request: { key: b('k') } });
  await Promise.resolve();
  call.stopReading();
  let taken = 0;
  while (hub[0]!.sink.events({ revision: revision(6 + taken), events: [change(100_000, 6 + taken)] })) {
    taken++;
    await Promise.resolve();
  }
  t.true(taken > 10 && taken < 100, `${taken} messages of 100 kB wait`);
  t.is(hub[0]!.resumed, 0);
  await call.readAgain();
  t.is(hub[0]!.resumed, 1);
});

test('filters', async (t) => {
  const { hub, send, said } = started();
  send({ create_request: { key: b('k'), filters: ['NOPUT'] } });
  await said();
  const put = change(10);
  const deletion = { ...put, delta: { ...put.delta, op: 'delete' as const } };
  t.true(hub[0]!.sink.events({ revision: revision(6), events: [put] }));
  t.deepEqual(await said(), []);
  hub[0]!.sink.events({ revision: revision(7), events: [put, deletion] });
  t.deepEqual(
    (await said()).map(({ events }) => events.map(({ type }) => type)),
    [['DELETE']],
  );
});

test('fragments', async (t) => {
  const { hub, send, said } = started();
  send({ create_request: { key: b('k'), fragment: true } });
  send({ create_request: { key: b('k') } });
  await said();
  const revisionOf6 = { revision: revision(6), events: Array.from({ length: 5 }, () => change(900_000)) };
  hub[0]!.sink.events(revisionOf6);
  const fragments = await said();
  t.deepEqual(
    fragments.map(({ fragment, events, header }) => [fragment, events.length, header?.revision]),
    [
      [true, 2, 6],
      [true, 2, 6],
      [false, 1, 6],
    ],
  );
  hub[1]!.sink.events(revisionOf6);
  t.deepEqual(
    (await said()).map(({ fragment, events }) => [fragment, events.length]),
    [[false, 5]],
  );
});

test('a watch that is compacted says so, and its id is free', async (t) => {
  const { hub, send, said } = started();
  send({ create_request: { key: b('k'), watch_id: 9, start_revision: 2 } });
  await said();
  hub[0]!.sink.ended({ kind: 'failed', code: 'revision-compacted', message: '' });
  const [ended] = await said();
  t.deepEqual([ended?.watch_id, ended?.canceled, ended?.compact_revision], [9, true, 4]);
  send({ create_request: { key: b('k'), watch_id: 9 } });
  t.false((await said())[0]?.canceled);
});

test('a watch too many for the node is cancelled with a reason', async (t) => {
  const { hub, send, said } = started();
  send({ create_request: { key: b('k') } });
  hub[0]!.sink.ended({ kind: 'failed', code: 'too-many-watchers', message: '' });
  t.deepEqual(
    (await said()).map(({ created, canceled, cancel_reason }) => [created, canceled, cancel_reason]),
    [
      [true, false, ''],
      [false, true, 'etcdserver: too many requests'],
    ],
  );
});

test('what a client sends that is no message ends its stream and nothing else', (t) => {
  for (const bytes of [[0xff], [0x0a, 0x03, 0x01]]) {
    const { call, hub, send } = started();
    send({ create_request: { key: b('k') } });
    t.notThrows(() => call.sends(Buffer.from(bytes)));
    t.not(call.endedWith, null);
    t.true(hub[0]!.cancelled);
  }
  const { call, send, hub } = started();
  send({});
  send({ cancel_request: { watch_id: 77 } });
  t.deepEqual([call.endedWith, hub.length], [null, 0], 'what means nothing is ignored, as in etcd');
});

test('a client that asks for a leader gets none where there is none', (t) => {
  t.is(started({ hasleader: 'true' }, null).call.endedWith?.message, 'etcdserver: no leader');
  t.is(started({ hasleader: 'true' }).call.endedWith, null);
  t.is(started({}, null).call.endedWith, null);
});

test('a connection that holds its share is told so; another one is unharmed', async (t) => {
  const shares = new WatchShares(2);
  const [mine, theirs] = [started({}, 'n0', shares, 'a:1'), started({}, 'n0', shares, 'b:1')] as const;
  for (let i = 0; i < 3; i++) mine.send({ create_request: { key: b('a') } });
  const [, , refused] = await mine.said();
  t.is(refused?.cancel_reason, 'etcdserver: too many requests: a connection holds 2 watches; cancel some');
  theirs.send({ create_request: { key: b('a') } });
  t.like((await theirs.said())[0], { created: true, canceled: false });
  mine.send({ cancel_request: { watch_id: 0 } });
  mine.send({ create_request: { key: b('a') } });
  t.like((await mine.said())[1], { created: true, canceled: false });
});

test('a watch at a member that is behind begins once it has caught up, and all that follows keeps its place', async (t) => {
  const { call, hub, send, said, waiting } = started({}, 'n0', new WatchShares(), undefined, true);
  const catchUp = async (): Promise<readonly string[]> => {
    waiting.shift()!();
    return (await said()).map(({ created, canceled }) =>
      created ? 'created' : canceled ? 'cancelled' : 'progress',
    );
  };
  send({ create_request: { key: b('a') } });
  send({ progress_request: {} });
  send({ cancel_request: { watch_id: 0 } });
  send({ create_request: { key: b('b') } });
  send({ create_request: { key: b('c') } });
  send({ cancel_request: { watch_id: 1 } });
  t.is(waiting.length, 1);
  t.deepEqual(await said(), []);
  t.deepEqual(
    await catchUp(),
    ['created', 'cancelled', 'progress'],
    'what needs not catch up goes on behind it',
  );
  t.is(hub.length, 1);
  t.is(waiting.length, 1, 'both that came meanwhile wait together');
  t.deepEqual(await catchUp(), ['created', 'created', 'cancelled']);
  t.is(waiting.length, 0);

  for (let i = 0; i < 2; i++) send({ create_request: { key: b('k'.repeat(1024 * 1024)) } });
  t.true(call.isPaused(), 'a client that sends very much waits, too');
  await catchUp();
  t.false(call.isPaused());
  call.emit('cancelled');
  const before = hub.length;
  await catchUp();
  t.is(hub.length, before, 'of a client that is gone nothing begins');
});
