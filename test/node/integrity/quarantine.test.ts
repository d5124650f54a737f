import test from 'ava';
import { nodeId, revision } from '../../../src/foundation/ids.ts';
import { put, range } from '../../state/commands.ts';
import { DamagedCluster } from './damaged-cluster.ts';

const index = (cluster: DamagedCluster, leads: boolean): number =>
  cluster.members.findIndex(({ node }) => (node !== null && node === cluster.leader()) === leads);

/** With the next block this replica's state takes a change that nobody else's takes. */
async function diverges(cluster: DamagedCluster, at: number): Promise<void> {
  cluster.members[at]!.flaw = put('flaw', `of n${at}`, { space: 'planes' });
  await cluster.write('with the flaw', `${at}`);
}

for (const leads of [false, true]) {
  test.serial(
    `a ${leads ? 'leader' : 'follower'} whose state differs serves nothing, does not lead, and is made anew`,
    async (t) => {
      t.timeout(120_000);
      const cluster = await DamagedCluster.start(3);
      t.teardown(() => cluster.stop());
      await cluster.write('before', '1');
      const odd = index(cluster, leads);
      const { node, events } = cluster.members[odd]!;
      let ended = '';
      const { key, rangeEnd } = range('a', 'z');
      node!.watch(
        { space: 'user', key, rangeEnd, fromRevision: revision(0), previous: false },
        {
          events: () => true,
          ended: ({ code }) => {
            ended = code;
          },
        },
      );
      await diverges(cluster, odd);
      await cluster.until(
        () => events.some((event) => event.startsWith('quarantined')),
        () => cluster.state(),
      );
      await cluster.until(
        () => ended !== '',
        () => `the watcher goes on: ${cluster.state()}`,
      );
      t.is(ended, 'under-doubt');
      await cluster.write('meanwhile', '2');
      await cluster.until(
        () => cluster.whole(),
        () => cluster.state(),
      );
      t.is(node!.inspect().rebuilds, 1);
      t.is(node!.state.keyCount('planes'), 0);
      t.deepEqual(await cluster.read(odd, 'linearizable'), new Map([...cluster.written].sort()));
      for (const [i, member] of cluster.members.entries())
        if (i !== odd) t.false(member.events.some((event) => event.startsWith('quarantined')));
    },
  );
}

test.serial(
  'two that differ: writes stop and neither is read, until an operator says who is wrong',
  async (t) => {
    t.timeout(120_000);
    const cluster = await DamagedCluster.start(2);
    t.teardown(() => cluster.stop());
    await cluster.write('before', '1');
    await diverges(cluster, index(cluster, false));
    const inDispute = (): boolean => cluster.members.every(({ node }) => node?.inspect().alarms.length === 2);
    await cluster.until(inDispute, () => cluster.state());
    t.false(await cluster.tryWrite('during', 'x'));
    for (const at of [0, 1])
      for (const consistency of ['linearizable', 'serializable'] as const)
        t.is(await cluster.read(at, consistency), null);
    t.throws(() => cluster.leader()!.repair(nodeId('n7')), {
      code: 'unknown-member',
      message: /^n7 is no hot member of this cluster; there are n0, n1 /,
    });
    cluster.leader()!.repair(nodeId(`n${index(cluster, false)}`));
    await cluster.until(
      () => cluster.whole(),
      () => cluster.state(),
    );
    await cluster.write('after', '3');
    t.deepEqual(await cluster.read(0, 'linearizable'), new Map([...cluster.written].sort()));
  },
);
