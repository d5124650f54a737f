import test from 'ava';
import { etcdFormat, nativeFormat } from '../../src/cli/bench/watch/watch-format.ts';
import { clusterTimeMs, noLease, revision } from '../../src/foundation/ids.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import { encodeMessage } from '../../src/protocol/etcd/codec.ts';
import { watchResponse } from '../../src/protocol/etcd/messages/watch.ts';
import { encodeWatchReply } from '../../src/protocol/watch.ts';
import { b } from '../state/commands.ts';

const delta: StateDelta = {
  space: 'user',
  op: 'put',
  key: b('key'),
  value: b('V'.repeat(300)),
  revision: revision(300),
  sub: 0,
  createRevision: revision(200),
  version: 7,
  lease: noLease,
  epoch: 1,
  timeMs: clusterTimeMs(1),
};

test('both formats find the value of every event', (t) => {
  const kv = {
    key: delta.key,
    value: delta.value,
    create_revision: 200,
    mod_revision: 300,
    version: 7,
  };
  const header = { cluster_id: 1n, member_id: 2n, revision: 300, raft_term: 3 };
  const etcd = encodeMessage(watchResponse, { header, watch_id: 5, events: [{ kv }, { kv }] });
  const events = [
    { delta, previous: null },
    { delta, previous: null },
  ];
  const native = encodeWatchReply({ id: 5, revision: revision(300), events, failure: null, created: false });
  for (const [format, message] of [
    [etcdFormat, etcd],
    [nativeFormat, native],
  ] as const) {
    const values: string[] = [];
    const created = format.read(message, (at) => values.push(message.toString('latin1', at, at + 300)));
    t.false(created);
    t.deepEqual(values, [delta.value as string, delta.value as string]);
  }
});

test('both formats know the answer to a creation', (t) => {
  const none = (): void => t.fail();
  const header = { cluster_id: 1n, member_id: 2n, revision: 300, raft_term: 3 };
  t.true(etcdFormat.read(encodeMessage(watchResponse, { header, watch_id: 5, created: true }), none));
  t.true(
    nativeFormat.read(
      encodeWatchReply({ id: 5, revision: revision(3), events: [], failure: null, created: true }),
      none,
    ),
  );
});
