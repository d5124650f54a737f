import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { MemberLineage } from '../../src/protocol/operations/promotion.ts';
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
const policy = { fence: ['fence'], afterMs: 1000, alone: false };
const witness = (id: string, quorum: 'seen' | 'gone' = 'gone', revision = 0): MemberLineage => ({
  ...said(id, 'cold', revision),
  quorum,
});

test.serial(
  'only when no hot one has answered for the whole time, and only the replica that has most',
  (t) => {
    const own = said('w1', 'warm', 7);
    const watch = new ForcedWatch(policy);
    t.false(watch.saw(own, [], 0));
    t.false(watch.saw(own, [said('h1', 'hot')], 900), 'one answers: begun again');
    t.false(watch.saw(own, [witness('k1')], 1000));
    t.false(watch.saw(own, [witness('k1')], 1999));
    t.true(watch.saw(own, [witness('k1', 'gone', 9)], 2000), 'warm before cold');
    t.false(watch.saw(own, [witness('k1'), said('w2', 'warm', 8)], 2100), 'another has more');
    t.false(
      watch.saw(own, [said('k1', 'hot', 1, { clusterId: 'c+1', epoch: 2 })], 2200),
      'another was promoted',
    );
    t.false(watch.saw(own, [witness('k1')], 2300));
  },
);

test.serial(
  'who is cut off from all others does nothing (forced-without-witness has a healthy cluster fenced)',
  (t) => {
    t.teardown(() => activateMutant(null));
    const own = said('w1', 'warm', 7);
    const isolated = () => {
      const watch = new ForcedWatch(policy);
      return watch.saw(own, [], 0) || watch.saw(own, [], 60_000);
    };
    t.false(isolated());
    const seen = new ForcedWatch(policy);
    t.false(seen.saw(own, [], 0));
    t.false(seen.saw(own, [witness('k1', 'seen')], 5000), 'the witness reaches a hot one');
    t.false(seen.saw(own, [witness('k1')], 5100), 'and the time begins anew');
    activateMutant('forced-without-witness');
    t.true(isolated());
  },
);

test.serial('with nobody to confirm it only a policy that says so goes on', (t) => {
  const own = said('w1', 'warm', 7);
  const single = { ...own, members: own.members.filter(({ id }) => id !== 'k1') };
  for (const alone of [false, true]) {
    const watch = new ForcedWatch({ ...policy, alone });
    t.false(watch.saw(single, [], 0));
    t.is(watch.saw(single, [], 5000), alone);
  }
});

test.serial(
  'who was becoming hot at the last mark counts as hot (forced-beside-new-hot goes on beside the one that leads)',
  async (t) => {
    t.teardown(() => activateMutant(null));
    const known = said('w1', 'warm', 7);
    const own = {
      ...known,
      members: known.members.map((member) =>
        member.id === 'k1' ? { ...member, wanted: 'hot' as const } : member,
      ),
    };
    const goesOn = (): boolean => {
      const watch = new ForcedWatch(policy);
      const answers = [said('k1', 'hot', 9), witness('k2')];
      return watch.saw(own, answers, 0) || watch.saw(own, answers, 60_000);
    };
    const fenced = async (): Promise<readonly string[]> => {
      const asked: string[] = [];
      await fenceAll(policy, own, async (_, { id }) => {
        asked.push(id);
        return null;
      });
      return asked;
    };
    t.false(goesOn(), 'it votes by now, and answers');
    t.deepEqual(await fenced(), ['h1', 'h2', 'h3', 'k1']);
    activateMutant('forced-beside-new-hot');
    t.true(goesOn());
    t.deepEqual(await fenced(), ['h1', 'h2', 'h3']);
  },
);

test.serial('every old hot member must be fenced', async (t) => {
  const asked: string[] = [];
  const failed = await fenceAll(policy, said('w1', 'warm'), async (command, { id }) => {
    asked.push(`${command.join(' ')} ${id}`);
    if (id === 'h3') throw new Error('unreachable');
    return id === 'h2' ? 'no power' : null;
  });
  t.deepEqual(asked, ['fence h1', 'fence h2', 'fence h3']);
  t.deepEqual(failed, [
    { id: nodeId('h2'), reason: 'no power' },
    { id: nodeId('h3'), reason: 'unreachable' },
  ]);
});
