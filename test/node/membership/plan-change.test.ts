import test from 'ava';
import { logIndex, type NodeId, nodeId, term } from '../../../src/foundation/ids.ts';
import { planChange } from '../../../src/node/membership/plan-change.ts';
import type { MemberFacts } from '../../../src/ports/membership.ts';
import type { RaftStatus } from '../../../src/raft/raft.ts';
import { Members } from '../../../src/state/members.ts';

const facts = (id: string, peer = `${id}:1`): MemberFacts => ({
  id: nodeId(id),
  name: id,
  peer,
  client: `${id}:2`,
  http: `${id}:3`,
  tier: 'hot',
  labels: {},
});
const ids = (text: string): readonly NodeId[] => [...text].map(nodeId);

function view(voters: string, learners = '', dead = '', match = 5000) {
  const members = new Members();
  members.apply({ set: [...ids(voters), ...ids(learners)].map((id) => facts(id)), removed: ids('x') });
  const progress = new Map(
    [...ids(voters), ...ids(learners)].map((id) => [
      id,
      { match: logIndex(match), next: logIndex(match + 1), state: 'replicate' as const },
    ]),
  );
  const raft = {
    configuration: { voters: ids(voters), outgoing: [], learners: ids(learners) },
    progress,
    last: { index: logIndex(5000), term: term(3) },
  } as unknown as RaftStatus;
  return {
    members,
    raft,
    isAlive: (id: NodeId) => !dead.includes(id),
    isConnected: () => true,
    trouble: () => null,
  };
}

const add = (id: string, voter: boolean, peer?: string) =>
  ({ kind: 'add', facts: facts(id, peer), voter }) as const;

test('a member is added as a learner or as a voter, one step each', (t) => {
  const learner = planChange(add('d', false), view('abc'));
  t.deepEqual([learner.voters, learner.learners], [ids('abc'), ids('d')]);
  t.deepEqual(learner.change, { set: [facts('d')], removed: [] });
  t.deepEqual(planChange(add('d', true), view('abc', 'e')).voters, ids('abcd'));
});

test('a replica beyond the quorum is a member that Raft knows nothing of', (t) => {
  for (const tier of ['warm', 'cold']) {
    const request = { kind: 'add', facts: { ...facts('d'), tier }, voter: false } as const;
    const planned = planChange(request, view('abc', 'e'));
    t.deepEqual([planned.voters, planned.learners], [ids('abc'), ids('e')]);
    t.deepEqual(planned.change, { set: [request.facts], removed: [] });
  }
});

test('ids and peer addresses are used once', (t) => {
  const refused = (request: Parameters<typeof planChange>[0], code: string) =>
    t.throws(() => planChange(request, view('abc')), { code } as never);
  refused(add('a', false), 'member-exists');
  refused(add('x', false), 'member-removed');
  refused(add('d', false, 'b:1'), 'address-taken');
  refused(add('d', false, 'e:1,c:1'), 'address-taken');
  refused(add('d', false, 'nonsense'), 'invalid-argument');
  refused(add('D', false), 'invalid-argument');
  refused({ kind: 'update', id: nodeId('a'), facts: { peer: 'b:1' } }, 'address-taken');
  refused({ kind: 'update', id: nodeId('q'), facts: {} }, 'unknown-member');
  refused({ kind: 'remove', id: nodeId('x') }, 'member-removed');
  refused({ kind: 'remove', id: nodeId('q') }, 'unknown-member');
});

test('a learner votes when it is in sync, and not before', (t) => {
  const promote = { kind: 'promote', id: nodeId('d') } as const;
  const planned = planChange(promote, view('abc', 'de'));
  t.deepEqual([planned.voters, planned.learners], [ids('abcd'), ids('e')]);
  t.throws(() => planChange(promote, view('abc', 'd', '', 3000)), { code: 'learner-not-ready' } as never);
  t.throws(() => planChange(promote, view('abc', 'd', 'd')), { code: 'learner-not-ready' } as never);
  t.throws(() => planChange(promote, view('abcd')), { code: 'not-a-learner' } as never);
  t.throws(() => planChange(promote, view('abc')), { code: 'unknown-member' } as never);
});

test('nothing is done after which the cluster would stand still', (t) => {
  const remove = (id: string) => ({ kind: 'remove', id: nodeId(id) }) as const;
  const risk = { code: 'quorum-at-risk' } as never;
  t.deepEqual(planChange(remove('c'), view('abc', '', 'c')).voters, ids('ab'));
  t.throws(() => planChange(remove('b'), view('abc', '', 'c')), risk);
  t.throws(() => planChange(remove('a'), view('a')), risk);
  t.throws(() => planChange(add('d', true), view('abc', '', 'c')), risk);
  t.notThrows(() => planChange(add('d', true), view('abc')));
  t.notThrows(() => planChange(add('b', true), view('a')));
  t.deepEqual(planChange(remove('d'), view('abc', 'd', 'bcd')).learners, []);
});
