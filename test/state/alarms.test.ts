import test from 'ava';
import { type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Command } from '../../src/ports/command.ts';
import { keyOverheadBytes } from '../../src/state/checks/space-use.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { b, compact, del, grant, keepAlive, Log, predict, prediction, put, revoke, txn } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

const a = nodeId('a');
const alarm = (action: 'activate' | 'deactivate', member: NodeId, kind: 'noSpace' | 'corrupt'): Command => ({
  kind: 'alarm',
  action,
  member,
  alarm: kind,
});

test('without space nothing that takes space goes in, and all else does, until the alarm is disarmed', (t) => {
  const log = new Log(createStateMachine({ limits }));
  log.apply(put('k', '1'), grant(5n, 60_000));
  t.deepEqual(log.one(alarm('activate', a, 'noSpace')), {
    kind: 'alarm',
    alarms: [{ member: a, kind: 'noSpace' }],
  });
  const before = log.state.revision('user');
  const nested = txn([], [txn([], [], [put('x', '1')])]);
  for (const command of [put('k', '2'), put('p', '1', { space: 'planes' }), nested, grant(6n, 60_000)])
    t.like(log.one(command), { kind: 'failed', code: 'no-space' });
  t.is(log.state.revision('user'), before);
  t.deepEqual(log.one(predict(prediction('k', 2))), { kind: 'predict', kept: 1, dropped: 0 });
  t.like(
    log.one({
      kind: 'setPolicy',
      prefix: b('p'),
      policy: { acknowledge: 'quorum', tier: 'full', predict: null },
    }),
    {
      kind: 'setPolicy',
    },
  );
  t.like(log.one(keepAlive(5n)), { kind: 'leaseKeepAlive' });
  t.like(log.one(txn([], [del('nothing')])), { kind: 'txn' });
  t.like(log.one(del('k')), { deleted: 1 });
  t.like(log.one(revoke(5n)), { kind: 'leaseRevoke' });
  t.like(log.one(compact(2)), { kind: 'compact' });
  t.deepEqual(log.one(alarm('deactivate', '' as NodeId, 'noSpace')), {
    kind: 'alarm',
    alarms: [{ member: a, kind: 'noSpace' }],
  });
  t.like(log.one(put('k', '2')), { kind: 'put' });
  t.deepEqual(log.one(alarm('deactivate', a, 'noSpace')), { kind: 'alarm', alarms: [] });
});

test('of several alarms each is disarmed by itself', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const other = nodeId('b');
  const digests = new Set([log.state.digest('system')]);
  for (const command of [
    alarm('activate', other, 'noSpace'),
    alarm('activate', a, 'noSpace'),
    alarm('activate', a, 'corrupt'),
  ]) {
    log.one(command);
    digests.add(log.state.digest('system'));
  }
  t.is(digests.size, 4);
  t.deepEqual(log.state.alarms(), [
    { member: a, kind: 'corrupt' },
    { member: a, kind: 'noSpace' },
    { member: other, kind: 'noSpace' },
  ]);
  log.one(alarm('deactivate', a, 'noSpace'));
  t.true(log.state.noSpace);
  log.one(alarm('deactivate', other, 'noSpace'));
  t.false(log.state.noSpace);
  t.deepEqual(log.state.alarms(), [{ member: a, kind: 'corrupt' }]);
});

test('while replicas differ and none is right nothing changes, but what keeps leases and sessions, and lifts the alarm', (t) => {
  const log = new Log(createStateMachine({ limits }));
  log.apply(put('k', '1'), alarm('activate', a, 'corrupt'));
  t.true(log.state.corrupt && log.state.isCorrupt(a) && !log.state.isCorrupt(nodeId('b')));
  const digest = log.state.digest('user');
  t.like(log.one(put('k', '2')), { kind: 'failed', code: 'under-doubt' });
  for (const command of [del('k'), txn([], [put('k', '2')]), grant(5n, 60_000), revoke(5n), compact(1)])
    t.like(log.one(command), { kind: 'failed', code: 'under-doubt' });
  t.is(log.state.digest('user'), digest);
  log.one(alarm('deactivate', a, 'corrupt'));
  t.false(log.state.corrupt);
  t.like(log.one(put('k', '2')), { kind: 'put' });
});

test('alarms and the size of the state are the same after a restart', async (t) => {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  log.apply(put('k', '12345'), put('gone', '1'), put('k', '123'), put('p', '1', { space: 'planes' }));
  log.apply(alarm('activate', a, 'noSpace'), alarm('activate', a, 'corrupt'));
  image.append(log.state.takeImageBatch());
  log.apply(alarm('deactivate', a, 'corrupt'), del('gone'), put('s', 'not counted', { space: 'system' }));
  t.is(log.state.liveBytes, 2 * keyOverheadBytes + 'k'.length + '123'.length + 'p'.length + 1);
  image.append(log.state.takeImageBatch());
  const state = createStateMachine({ limits });
  await state.restore(image.load(), async () => {});
  t.is(state.liveBytes, log.state.liveBytes);
  t.deepEqual(state.alarms(), log.state.alarms());
  t.is(state.digest('system'), log.state.digest('system'));
  t.true(state.noSpace);
});
