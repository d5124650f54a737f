import { Metadata } from '@grpc/grpc-js';
import test from 'ava';
import { refusalOfLineage } from '../../src/api/services/follows-lineage.ts';
import { connect } from '../../src/client/index.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { lineageHeader, lineageHeaderOf } from '../../src/protocol/lineage-metadata.ts';
import { FakeCluster } from './fake-cluster.ts';

const first = { clusterId: 'x+first', epoch: 2 };
const second = { clusterId: 'x+second', epoch: 2 };
const later = { clusterId: 'x+later', epoch: 3 };

async function cluster(lineage: typeof first): Promise<FakeCluster> {
  const made = await FakeCluster.start(1);
  made.lineage = lineage;
  return made;
}

/** A client that knows of members of both, and follows the first. */
async function ofTwo(a: FakeCluster, b: FakeCluster) {
  const client = await connect({ endpoints: a.endpoints, deadlineMs: 5000 });
  await client.put('k', 'of the first');
  await client.close();
  // Whoever is heard of first is followed: that is the first of the two here.
  const both = await connect({ endpoints: [...a.endpoints, ...b.endpoints], deadlineMs: 5000 });
  return both;
}

test('answers of two lineages that began from one are not mixed: the client stays with one and says why', async (t) => {
  const [a, b] = [await cluster(first), await cluster(second)];
  t.teardown(() => {
    a.stop();
    b.stop();
  });
  const client = await ofTwo(a, b);
  t.teardown(() => client.close({ drainMs: 0 }));
  while (client.conflict() === null) await new Promise((resolve) => client.on('conflict', resolve));
  const followsA = client.routing()?.lineage?.clusterId === first.clusterId;
  const [own, other] = followsA ? [a, b] : [b, a];
  t.is(client.conflict()?.code, 'lineage-conflict');
  t.regex(
    client.conflict()?.message ?? '',
    /127\.0\.0\.1:\d+ is of cluster x\+\w+ \(epoch 2\), and this client follows cluster x\+\w+ \(epoch 2\): both were promoted from one cluster, .* stop the one that is not to go on/,
  );
  for (let i = 0; i < 5; i++) await client.put('k', `${i}`);
  t.is((await client.get('k')).values.length, 1);
  own.kill(0);
  const error = await t.throwsAsync(client.put('k', 'after', { deadlineMs: 300 }));
  t.like(error, { code: 'lineage-conflict' });
  const read = await t.throwsAsync(client.get('k', { consistency: 'serializable', deadlineMs: 300 }));
  t.like(read, { code: 'lineage-conflict' });
  t.like(await t.throwsAsync(client.leases({ deadlineMs: 300 })), { code: 'lineage-conflict' });
  t.is(other.batches.length, 0, 'nothing was sent there');
});

test('a later lineage is followed, and the one before passed over', async (t) => {
  const [a, b] = [await cluster(first), await cluster(later)];
  t.teardown(() => {
    a.stop();
    b.stop();
  });
  const client = await connect({ endpoints: [...a.endpoints, ...b.endpoints], deadlineMs: 5000 });
  t.teardown(() => client.close({ drainMs: 0 }));
  while (client.routing()?.lineage?.clusterId !== later.clusterId)
    await new Promise((resolve) => client.on('routing', resolve));
  const before = a.batches.length;
  await client.put('k', 'v');
  t.is(a.batches.length, before);
  t.true(b.batches.length > 0);
  t.is(client.conflict(), null);
});

test.serial('answers-of-two-lineages-mixed is found', async (t) => {
  activateMutant('answers-of-two-lineages-mixed');
  t.teardown(() => activateMutant(null));
  const [a, b] = [await cluster(first), await cluster(second)];
  b.term = 2;
  t.teardown(() => {
    a.stop();
    b.stop();
  });
  const client = await ofTwo(a, b);
  t.teardown(() => client.close({ drainMs: 0 }));
  a.kill(0);
  await client.put('k', 'after');
  t.true(b.batches.length > 0);
});

test('a member refuses a call for another lineage than its own, where both say', (t) => {
  const metadata = (clusterId: string | null) => {
    const made = new Metadata();
    if (clusterId !== null) made.set(lineageHeader, lineageHeaderOf(clusterId));
    return made;
  };
  const node = (lineage: typeof first | null) => ({ routing: () => ({ lineage }) as never });
  t.is(refusalOfLineage(metadata('x+second'), node(first))?.code, 'superseded');
  t.is(refusalOfLineage(metadata('x+first'), node(first)), null);
  t.is(refusalOfLineage(metadata(null), node(first)), null);
  t.is(refusalOfLineage(metadata('x+second'), node(null)), null);
  const junk = new Metadata();
  junk.set(lineageHeader, '%E0%A4%A');
  t.is(refusalOfLineage(junk, node(first)), null);
});
