import test from 'ava';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import { AutoCompaction } from '../../../src/node/leading/auto-compaction.ts';
import { Quota } from '../../../src/node/writes/quota.ts';
import type { Command } from '../../../src/ports/command.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { del, Log, put } from '../../state/commands.ts';

function setUp() {
  const log = new Log(createStateMachine({ limits }));
  const proposed: Command[] = [];
  const waiting: (() => void)[] = [];
  const world = { open: true, nowMs: 0 };
  const parts = {
    state: log.state,
    isOpen: () => world.open,
    nowMs: () => world.nowMs,
    propose: (command: Command, done: () => void) => {
      proposed.push(command);
      waiting.push(done);
    },
  };
  const carryOut = (): void => {
    for (const command of proposed.splice(0)) log.one(command);
    for (const done of waiting.splice(0)) done();
  };
  return { log, proposed, world, parts, carryOut };
}

test('the leader raises the alarm once when the state is larger than the quota, and again after a disarming in vain', (t) => {
  const { log, proposed, world, parts, carryOut } = setUp();
  const quota = new Quota({ ...parts, self: nodeId('a'), quotaBytes: 1000 });
  log.one(put('k', 'x'.repeat(500)));
  quota.look();
  t.is(proposed.length, 0);
  log.one(put('l', 'x'.repeat(500)));
  world.open = false;
  quota.look();
  t.is(proposed.length, 0);
  world.open = true;
  quota.look();
  quota.look();
  const alarm: Command = { kind: 'alarm', action: 'activate', member: nodeId('a'), alarm: 'noSpace' };
  t.deepEqual(proposed, [alarm]);
  carryOut();
  quota.look();
  t.is(proposed.length, 0);
  log.one({ ...alarm, action: 'deactivate' });
  quota.look();
  t.deepEqual(proposed, [alarm]);
  carryOut();
  log.apply(del('l'), { ...alarm, action: 'deactivate' });
  quota.look();
  t.is(proposed.length, 0);
  t.like(log.one(put('m', '1')), { kind: 'put' });
});

test('compaction by count keeps the last revisions', (t) => {
  const { log, proposed, world, parts, carryOut } = setUp();
  const compaction = new AutoCompaction({ ...parts, options: { mode: 'revisions', keep: 20 } });
  const look = (): void => {
    world.nowMs += 1000;
    compaction.look();
  };
  for (let i = 0; i < 19; i++) log.one(put('k', `${i}`));
  look();
  t.is(proposed.length, 0);
  for (let i = 0; i < 10; i++) log.one(put('k', `${i}`));
  look();
  t.deepEqual(proposed, [{ kind: 'compact', space: 'user', revision: revision(10) }]);
  look();
  t.is(proposed.length, 1);
  carryOut();
  log.one(put('k', 'one more: less than a tenth'));
  look();
  t.is(proposed.length, 0);
});

test('compaction by age keeps what was there so long ago, also where the leader is new', (t) => {
  const { log, proposed, world, parts, carryOut } = setUp();
  const compaction = new AutoCompaction({ ...parts, options: { mode: 'periodic', keep: 60_000 } });
  world.open = false;
  const marks: number[] = [];
  for (let second = 0; second < 90; second++) {
    world.nowMs = second * 1000;
    log.one(put('k', `${second}`));
    marks.push(log.state.revision('user'));
    compaction.look();
  }
  t.is(proposed.length, 0);
  world.open = true;
  for (let second = 90; second < 97; second++) {
    world.nowMs = second * 1000;
    log.one(put('k', `${second}`));
    marks.push(log.state.revision('user'));
    compaction.look();
  }
  const [command] = proposed;
  if (command?.kind !== 'compact') return t.fail();
  t.true(command.revision <= (marks[96 - 60] ?? 0), 'nothing younger goes');
  t.true(command.revision >= (marks[96 - 60 - 12] ?? 0), 'what is older by more than a sample does');
  carryOut();
  t.is(log.state.compacted('user'), command.revision);
});

test('without a mode nothing is compacted', (t) => {
  const { log, proposed, world, parts } = setUp();
  const compaction = new AutoCompaction({ ...parts, options: { mode: 'off', keep: 0 } });
  for (let i = 0; i < 50; i++) log.one(put('k', `${i}`));
  world.nowMs = 1e9;
  compaction.look();
  t.is(proposed.length, 0);
});
