import test from 'ava';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { compareLineage } from '../../src/replication/lineage.ts';
import { decideByWord } from '../../src/replication/promotion/decide-role.ts';
import { facts, old } from './states.ts';

const at = (clusterId: string, epoch: number) => ({ clusterId, epoch });

test.serial('what a lineage is to another', (t) => {
  t.is(compareLineage(at('c', 0), at('c', 0)), 'same');
  t.is(compareLineage(at('c', 0), at('c+1', 1)), 'newer');
  t.is(compareLineage(at('c+1', 1), at('c', 0)), 'older');
  t.is(compareLineage(at('c+1', 1), at('c+2', 1)), 'conflict');
  t.is(compareLineage(at('c', 0), at('d', 5)), 'foreign');
});

test.serial('a member of an older epoch is refused (the mutant takes it in)', (t) => {
  activateMutant('old-epoch-accepted');
  t.teardown(() => activateMutant(null));
  t.not(compareLineage(at('c+1', 1), at('c', 0)), 'older');
});

test('a replica that lost all it had, its lineage too, takes the word of a hot one for what it is to be', (t) => {
  const other = { voter: false, learner: false };
  const said = (id: string, tier: 'hot' | 'warm', members: readonly object[]) =>
    ({
      id,
      tier,
      lineage: old,
      leader: null,
      voters: [],
      applied: 10,
      revision: 9,
      members,
      forks: [],
    }) as never;
  const answer = said('h1', 'hot', [{ ...facts('w1', 'cold'), ...other }]);
  const empty = { ...(said('w1', 'warm', []) as object), lineage: at('', 0), applied: 0 } as never;
  t.deepEqual(decideByWord(empty, answer), { do: 'become', tier: 'cold' });
  // Of one that holds something only a hot one that has come as far can tell.
  const ahead = {
    ...(said('w1', 'warm', [{ ...facts('w1', 'warm'), ...other }]) as object),
    applied: 11,
  } as never;
  t.deepEqual(decideByWord(ahead, answer), { do: 'stay' });
});
