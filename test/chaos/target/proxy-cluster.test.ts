import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Moment } from '../../../src/chaos/moment.ts';
import { startTarget } from '../../../src/chaos/target/start-target.ts';
import type { Target } from '../../../src/chaos/target.ts';
import { connect } from '../../../src/client/index.ts';
import { otherLeader, settings } from './settings.ts';

let folder = '';
let target: Target;
const moments: Moment[] = [];

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  target = await startTarget({ ...settings(folder), onMoment: (moment) => moments.push(moment) });
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
    const next = await otherLeader(target, leader);
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

test.serial('a member starts with its clock an hour ahead', async (t) => {
  const lack = target.lacks('clock');
  if (lack !== null) {
    t.log(`skipped: ${lack}`);
    t.pass();
    return;
  }
  const [first] = await target.heirs();
  const id = first ?? '';
  target.signal(id, 'SIGTERM');
  await target.exited(id);
  const before = (await readFile(target.logFile(id), 'utf8')).length;
  await target.start(id, { offsetMs: 3_600_000, rate: 1.05 });
  await target.settled();
  const lines = (await readFile(target.logFile(id), 'utf8')).slice(before).split('\n');
  const record = JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}') as { time: number };
  t.true(record.time > Date.now() + 3_000_000);
});

test.serial('a failed sync stops a member, which comes back', async (t) => {
  if (target.lacks('fault-layer') !== null) return t.pass();
  const id = await target.leader();
  const client = await connect({ endpoints: target.endpoints });
  target.fault(id, { kind: 'sync-error', database: 'log' });
  await client.put('chaos/b', 'two', { deadlineMs: 20_000 });
  await target.exited(id);
  t.not(await target.leader(), id);
  await target.start(id);
  await target.settled();
  t.is((await client.get('chaos/b')).values.length, 1);
  await client.close();
});

test.serial('a member that does not start is told with the end of its log', async (t) => {
  const [first] = await target.heirs();
  const id = first ?? '';
  target.signal(id, 'SIGKILL');
  await target.exited(id);
  const image = await target.disk.save(id);
  await target.disk.remove(id);
  await writeFile(join(target.dataFolder(id), 'log'), 'no folder');
  const error = await t.throwsAsync(target.start(id), { code: 'unavailable' });
  t.regex(error?.message ?? '', new RegExp(`^${id} does not start: `));
  t.true((error?.message ?? '').split('\n').length > 1);
  await target.exited(id);
  await target.disk.putBack(id, image);
  await target.start(id);
  await target.settled();
});
