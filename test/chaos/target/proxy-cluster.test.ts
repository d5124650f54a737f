import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Moment } from '../../../src/chaos/moment.ts';
import { startTarget } from '../../../src/chaos/target/start-target.ts';
import type { Target } from '../../../src/chaos/target.ts';
import { connect } from '../../../src/client/index.ts';
import { eventually } from '../../../src/local/eventually.ts';

let folder = '';
let target: Target;
const moments: Moment[] = [];

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  target = await startTarget({
    kind: 'tanist',
    folder,
    hot: 3,
    warm: 0,
    cold: 0,
    network: 'proxy',
    onMoment: (moment) => moments.push(moment),
    nowMs: () => performance.now(),
  });
});
test.after.always(async () => {
  await target?.stop();
  await rm(folder, { recursive: true, force: true });
});

test.serial(
  'a leader that its followers do not hear any more is replaced, and follows again when healed',
  async (t) => {
    const leader = await target.leader();
    const before = await target.term();
    const others = target.members.map(({ id }) => id).filter((id) => id !== leader);
    for (const id of others) await target.links.shape(leader, id, { cut: true });
    const next = await eventually(async () => {
      const now = await target.leader();
      return now === leader ? null : now;
    }, 'no other leader');
    t.true(others.includes(next));
    t.true((await target.term()) > before);
    await target.links.heal();
    await target.settled();
    t.true(moments.some((moment) => moment.kind === 'leader' && moment.member === next));
  },
);

test.serial('a killed leader is replaced and comes back on its own data', async (t) => {
  const client = await connect({ endpoints: target.endpoints });
  await client.put('chaos/a', 'one');
  const leader = await target.leader();
  target.signal(leader, 'SIGKILL');
  await target.exited(leader);
  t.is(target.pid(leader), null);
  const next = await target.leader();
  t.not(next, leader);
  await target.start(leader);
  await target.settled();
  t.true((await target.heirs()).includes(leader));
  await target.transfer(leader);
  t.is(await target.leader(), leader);
  t.is((await client.get('chaos/a')).values.length, 1);
  await client.close();
});
