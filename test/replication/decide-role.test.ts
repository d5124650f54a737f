import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { MemberInfo } from '../../src/ports/membership.ts';
import type { Tier } from '../../src/ports/tier.ts';
import type { MemberLineage } from '../../src/protocol/operations/promotion.ts';
import {
  decideByWord,
  decideEmpty,
  furthest,
  imageSources,
} from '../../src/replication/promotion/decide-role.ts';
import { facts, old } from './states.ts';

const noLineage = { clusterId: '', epoch: 0 };

function said(
  id: string,
  tier: Tier,
  applied: number,
  members: readonly MemberInfo[] = [],
  lineage = old,
): MemberLineage {
  const rest = { leader: null, voters: [], revision: 9, forks: [] };
  return { id: nodeId(id), tier, lineage, applied, members, ...rest };
}

const member = (id: string, tier: Tier, more: Partial<MemberInfo> = {}): MemberInfo => ({
  ...facts(id, tier),
  voter: false,
  learner: false,
  ...more,
});
const wanted = { wanted: 'hot' } as const;
const empty = said('w1', 'warm', 0, [], noLineage);

test('a replica that lost all it had, its lineage too, takes the word of a hot one for what it is to be', (t) => {
  const answer = said('h1', 'hot', 10, [member('w1', 'cold')]);
  t.deepEqual(decideByWord(empty, answer), { do: 'become', tier: 'cold' });
  // Of one that holds something only a hot one that has come as far can tell.
  t.deepEqual(decideByWord(said('w1', 'warm', 11, [member('w1', 'warm')]), answer), { do: 'stay' });
});

test.serial('whose tier was changed before it was wanted hot is first of that tier, where it is fed', (t) => {
  t.teardown(() => activateMutant(null));
  const own = said('w1', 'warm', 9, [member('w1', 'warm')]);
  const answer = said('h1', 'hot', 10, [member('w1', 'cold', wanted)]);
  t.deepEqual(decideByWord(own, answer), { do: 'become', tier: 'cold' });
  // It is fed as what it is, and will hear of the wish there.
  t.deepEqual(decideByWord(own, said('h1', 'hot', 10, [member('w1', 'warm', wanted)])), { do: 'stay' });
  activateMutant('wish-by-word');
  t.not(decideByWord(own, answer).do, 'become');
});

test.serial('only who knows no lineage may have lost the disk of a voter', (t) => {
  t.teardown(() => activateMutant(null));
  const answer = said('h1', 'hot', 10, [member('w1', 'hot', { voter: true })]);
  t.deepEqual(decideEmpty(empty, answer), { do: 'begin-hot', lineage: old });
  // Demoted, and nothing fetched yet: whoever takes it for a voter is behind.
  const demoted = said('w1', 'warm', 0);
  t.deepEqual(decideEmpty(demoted, answer), { do: 'stay' });
  activateMutant('demoted-begins-hot');
  t.is(decideEmpty(demoted, answer).do, 'begin-hot');
});

test('of those that answer the one counts that has come furthest, of the same lineage', (t) => {
  const answers = [
    said('h1', 'hot', 10),
    said('h2', 'hot', 12),
    said('k1', 'cold', 15),
    said('h3', 'hot', 99, [], { clusterId: 'd', epoch: 1 }),
  ];
  t.is(furthest(old, answers)?.id, nodeId('h2'));
  t.is(furthest(noLineage, answers)?.id, nodeId('h3'));
  t.is(furthest(old, [said('k1', 'cold', 15)]), null);
});

test('an image is taken of nobody who has come less far; of followers first', (t) => {
  const leads = { ...said('h1', 'hot', 20), leader: nodeId('h1') };
  const answers = [leads, said('h2', 'hot', 10), said('h3', 'hot', 11), said('k1', 'cold', 30)];
  const from = (applied: number) => imageSources(said('w1', 'warm', applied), answers).map(({ id }) => id);
  t.deepEqual(from(10), ['h2', 'h3', 'h1'].map(nodeId));
  t.deepEqual(from(11), ['h3', 'h1'].map(nodeId));
  t.deepEqual(from(21), []);
});
