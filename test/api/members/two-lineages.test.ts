import test from 'ava';
import { otherMembers } from '../../../src/api/start/other-members.ts';
import { openChannel } from '../../../src/client/grpc/channel.ts';
import { unary } from '../../../src/client/grpc/unary.ts';
import { connect } from '../../../src/client/index.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import type { MemberFacts } from '../../../src/ports/membership.ts';
import {
  decodeForcedReport,
  encodeForcePromote,
  type MemberLineage,
} from '../../../src/protocol/operations/promotion.ts';
import { promotionService } from '../../../src/protocol/services.ts';
import { eventually, startCluster } from './member-cluster.ts';

async function force(address: string): Promise<string> {
  const channel = openChannel(address);
  try {
    const deadlineMs = 60_000;
    const request = encodeForcePromote(true);
    const reply = await unary(channel, address, promotionService.forcePromote, request, { deadlineMs });
    return decodeForcedReport(reply).fork.to.clusterId;
  } finally {
    channel.close();
  }
}

test('two replicas of one dead cluster, each promoted by mistake: a client follows one, and never mixes their answers', async (t) => {
  t.timeout(170_000);
  const { client, config, stop, start } = await startCluster(t, ['h0', 'w0', 'w1'], undefined, {
    automatic: false,
  });
  const addressOf = (id: string) => config.nodes.find((one) => one.id === id)?.client ?? '';
  const said = (id: string): Promise<MemberLineage | null> =>
    otherMembers.ask({ id: nodeId(id), client: addressOf(id) } as MemberFacts, 1000);
  const isHot = async (id: string) => (await said(id))?.tier === 'hot' && (await said(id))?.leader === id;
  await client.setPolicy('a/', { acknowledge: 'quorum', tier: 'critical', predict: null });
  const { revision } = await client.put('a/1', 'before');
  for (const id of ['w0', 'w1']) await eventually(async () => ((await said(id))?.revision ?? 0) >= revision);
  await stop('h0');

  // Each is promoted while the other is away, so neither can know of the other.
  await stop('w1');
  const one = await force(addressOf('w0'));
  await eventually(() => isHot('w0'));
  await stop('w0');
  await start('w1');
  const two = await force(addressOf('w1'));
  await eventually(() => isHot('w1'));
  t.not(one, two);
  const [toW0, toW1] = await (async () => {
    const w1 = await connect({ endpoints: [addressOf('w1')], deadlineMs: 60_000 });
    await w1.put('a/2', 'of w1');
    await start('w0');
    await eventually(() => isHot('w0'));
    const w0 = await connect({ endpoints: [addressOf('w0')], deadlineMs: 60_000 });
    await w0.put('a/2', 'of w0');
    return [w0, w1];
  })();
  t.teardown(() => Promise.all([toW0.close(), toW1.close()]));
  // Each knows of the other member by its facts, so its client hears of both.
  for (const [own, id] of [
    [toW0, 'w0'],
    [toW1, 'w1'],
  ] as const) {
    while (own.conflict() === null) await new Promise((resolve) => own.on('conflict', resolve));
    t.regex(own.conflict()?.message ?? '', /both were promoted from one cluster/);
    for (let i = 0; i < 20; i++) {
      await own.put('a/3', `${id} ${i}`);
      for (const consistency of ['linearizable', 'serializable'] as const) {
        const { values } = await own.get('a/2', { consistency });
        t.is(Buffer.from(values[0]!.value).toString(), `of ${id}`);
      }
    }
    t.is(own.routing()?.lineage?.clusterId, id === 'w0' ? one : two);
  }
  // The one of before the fork knows a lineage that both came from: it follows whichever it hears of first, and no other.
  const { values } = await client.get('a/2');
  const followed = client.routing()?.lineage?.clusterId;
  t.is(Buffer.from(values[0]!.value).toString(), followed === one ? 'of w0' : 'of w1');
  // Where that one is lost, the other's members are not asked in its place.
  const [lost, rest] = followed === one ? ['w0', 'w1'] : ['w1', 'w0'];
  await stop(lost);
  await t.throwsAsync(client.put('a/4', 'for whom?', { deadlineMs: 1000 }), {
    code: 'lineage-conflict',
  } as never);
  const remaining = rest === 'w0' ? toW0 : toW1;
  t.is((await remaining.get('a/4')).values.length, 0);
});
