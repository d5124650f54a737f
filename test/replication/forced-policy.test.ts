import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import type { MemberLineage } from '../../src/protocol/promotion.ts';
import { ForcedWatch, fenceAll } from '../../src/replication/forced/forced-policy.ts';
import { members, old } from './states.ts';

const said = (id: string, tier: string, revision = 0, lineage = old): MemberLineage => ({
  id: nodeId(id),
  lineage,
  tier,
  leader: null,
  voters: [],
  applied: 0,
  revision,
  members: members.map((facts) => ({ ...facts, voter: false, learner: false })),
  forks: [],
});
const policy = { fence: ['fence'], afterMs: 1000 };

test('only when no quorum has answered for the whole time, and only the replica that has most', (t) => {
  const own = said('w1', 'warm', 7);
  const watch = new ForcedWatch(policy);
  t.false(watch.saw(own, [said('h1', 'hot')], 0));
  t.false(watch.saw(own, [said('h1', 'hot'), said('h2', 'hot')], 900), 'a quorum: begun again');
  t.false(watch.saw(own, [], 1000));
  t.false(watch.saw(own, [], 1999));
  t.true(watch.saw(own, [said('k1', 'cold', 9)], 2000), 'warm before cold');
  t.false(watch.saw(own, [said('w2', 'warm', 8)], 2100), 'another has more');
  t.false(
    watch.saw(own, [said('k1', 'hot', 1, { clusterId: 'c+1', epoch: 2 })], 2200),
    'another was promoted',
  );
  t.false(watch.saw(own, [], 2300));
});

test('every old hot member must be fenced', async (t) => {
  const asked: string[] = [];
  const failed = await fenceAll(policy, said('w1', 'warm'), async (command, { id }) => {
    asked.push(`${command.join(' ')} ${id}`);
    if (id === 'h3') throw new Error('unreachable');
    return id !== 'h2';
  });
  t.deepEqual(asked, ['fence h1', 'fence h2', 'fence h3']);
  t.deepEqual(failed, ['h2', 'h3'].map(nodeId));
});
