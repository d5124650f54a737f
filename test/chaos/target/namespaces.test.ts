import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import test from 'ava';
import { lacksSmallDisks } from '../../../src/chaos/target/disk/small-disk.ts';
import { lacksNamespaces } from '../../../src/chaos/target/namespaces/namespace-network.ts';
import { connect } from '../../../src/client/index.ts';
import { otherLeader, targetFor } from './settings.ts';

test('in namespaces: a leader that can only listen is replaced, on small disks and with little memory', async (t) => {
  const lack = (await lacksNamespaces()) ?? (await lacksSmallDisks());
  if (lack !== null) {
    t.log(`skipped: ${lack}`);
    t.pass();
    return;
  }
  const target = await targetFor(t, { network: 'namespaces', smallDisk: true, memoryLimitMb: 600 }).catch(
    (error: unknown) => {
      t.log(`skipped: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    },
  );
  if (target === null) return t.pass();
  t.is(target.links.how, 'namespaces');
  const leader = await target.leader();
  const others = target.members.map(({ id }) => id).filter((id) => id !== leader);
  await Promise.all(others.map((id) => target.links.shape(leader, id, { cut: true })));
  const next = await otherLeader(target, leader);
  // Clients' ways are whole: the one that was cut off still answers.
  const client = await connect({ endpoints: target.endpoints });
  const address = target.members.find(({ id }) => id === leader)?.client ?? '';
  t.is((await client.status({ endpoint: address })).id as string, leader);
  await target.links.heal();
  if (target.links.can('loss')) {
    await target.links.shape(next, leader, { loss: 0.2 });
    await client.put('chaos/lossy', 'x');
    await target.links.heal();
  }
  if (target.links.can('bandwidth')) {
    await target.links.shape(next, leader, { bytesPerSecond: 1_000_000 });
    await client.put('chaos/narrow', 'x');
    await target.links.heal();
  }
  await target.settled();
  await client.close();

  t.is(target.lacks('small-disk'), null);
  const place = dirname(target.dataFolder(next));
  await target.disk.fill(next, 1024 * 1024);
  const { bavail, bsize } = await statfs(place);
  t.true(bavail * bsize <= 1024 * 1024);
  await target.disk.fill(next, null);

  t.is(target.lacks('memory-limit'), null);
  const pid = target.pid(next) ?? 0;
  const limited =
    /tanist-[0-9a-f]{6}-n\d/.test(readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ||
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--max-old-space-size=600');
  t.true(limited);
});
