import test from 'ava';
import { type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { Membership, type MembershipOptions } from '../../src/node/membership/membership.ts';
import type { MemberFacts } from '../../src/ports/membership.ts';

/** Node `a` and whom it dials, by the facts that it has applied. */
function membership(facts: readonly (readonly [string, string])[]) {
  const known = new Map<NodeId, MemberFacts>();
  const set = (id: string, tier: string): void => {
    const addresses = { peer: `${id}:1`, client: '', http: '' };
    known.set(nodeId(id), { id: nodeId(id), name: id, tier, labels: {}, ...addresses });
  };
  for (const [id, tier] of facts) set(id, tier);
  let dialled: readonly string[] = [];
  const options = {
    self: nodeId('a'),
    raft: { status: { configuration: { voters: [nodeId('a')], outgoing: [], learners: [] } } },
    members: () => ({
      get: (id: NodeId) => known.get(id),
      list: () => [...known.values()],
      isRemoved: (id: NodeId) => id === nodeId('gone'),
    }),
    configured: [],
    dial: (peers: ReadonlyMap<NodeId, string>) => {
      dialled = [...peers].map(([id, address]) => `${id} at ${address}`);
    },
    changed: () => {},
  };
  const made = new Membership(options as unknown as MembershipOptions);
  made.refresh();
  return { membership: made, set, dialled: () => dialled };
}

test('who became hot while this node was behind is answered when it presents itself: it may lead', (t) => {
  const world = membership([
    ['a', 'hot'],
    ['b', 'warm'],
  ]);
  t.deepEqual(world.dialled(), []);
  world.membership.met(nodeId('b'), 'b:7');
  t.deepEqual(world.dialled(), ['b at b:7']);
  // From the facts from then on.
  world.set('b', 'hot');
  world.membership.refresh();
  t.deepEqual(world.dialled(), ['b at b:1']);
  world.membership.gone(nodeId('b'));
  t.deepEqual(world.dialled(), ['b at b:1']);
});

test('a guest that is beyond the quorum, and listens no more, is let go; an unknown one is not', (t) => {
  const world = membership([
    ['a', 'hot'],
    ['b', 'cold'],
  ]);
  world.membership.met(nodeId('b'), 'b:7');
  world.membership.met(nodeId('c'), 'c:7');
  world.membership.met(nodeId('gone'), 'x:7');
  t.deepEqual(world.dialled(), ['b at b:7', 'c at c:7']);
  world.membership.gone(nodeId('b'));
  world.membership.gone(nodeId('c'));
  t.deepEqual(world.dialled(), ['c at c:7']);
});
