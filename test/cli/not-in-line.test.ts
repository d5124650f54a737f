import test from 'ava';
import { notInLine } from '../../src/cli/commands/cluster/not-in-line.ts';

const member = (id: string, tier: string, role: string, health = 'healthy', score = 0.5) =>
  ({ member: { id, tier }, role, health, score, scoreTerms: [] }) as never;
const term = { name: 'latency', value: 1, weight: 0.2, explanation: 'near' };

test('everybody but the leader and its heirs, with why, best first', (t) => {
  const status = {
    leader: 'n0',
    succession: ['n1'],
    members: [
      member('n0', 'hot', 'leader'),
      member('n1', 'hot', 'follower'),
      member('n2', 'hot', 'follower', 'suspected', 0.1),
      member('n3', 'hot', 'learner', 'healthy', 0.4),
      member('n4', 'cold', 'cold', 'healthy', 0),
    ],
  } as never;
  const tiers = {
    members: [{ status: { id: 'n4' }, voter: false, score: 0.7, scoreTerms: [term] }],
  } as never;
  t.deepEqual(notInLine(status, tiers), [
    {
      id: 'n4',
      why: 'cold: it does not vote, and may replace a voter that is lost',
      score: 0.7,
      terms: [term],
    },
    { id: 'n3', why: 'it learns, and does not vote yet', score: 0.4, terms: [] },
    { id: 'n2', why: 'suspected', score: 0.1, terms: [] },
  ]);
  t.deepEqual(
    notInLine(status, null).map(({ id }) => id),
    ['n3', 'n2', 'n4'],
  );
});
