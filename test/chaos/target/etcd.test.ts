import test from 'ava';
import { missingTools } from '../../../src/chaos/target/machine/run-tool.ts';
import { eventually } from '../../../src/local/eventually.ts';
import { otherLeader, targetFor } from './settings.ts';

test('etcd behind proxies: cut one way, killed, handed over', async (t) => {
  if (missingTools(['etcd']).length > 0 || process.platform !== 'linux') {
    t.log('skipped: no etcd on the PATH, or no Linux');
    t.pass();
    return;
  }
  const target = await targetFor(t, { kind: 'etcd' });
  t.is(target.lacks('fault-layer'), 'the target is etcd');
  t.not(target.lacks('clock'), null);
  const leader = await target.leader();
  const others = target.members.map(({ id }) => id).filter((id) => id !== leader);
  const before = await target.term();
  await Promise.all(others.map((id) => target.links.shape(leader, id, { cut: true })));
  const next = await otherLeader(target, leader);
  t.true((await target.term()) > before);
  await target.links.heal();
  await target.settled();
  target.signal(next, 'SIGKILL');
  await target.exited(next);
  t.is(target.pid(next), null);
  t.not(await target.leader(), next);
  await target.start(next);
  await target.settled();
  await target.transfer(next);
  await eventually(async () => ((await target.leader()) === next ? true : null), 'no hand-over');
  t.pass();
});
