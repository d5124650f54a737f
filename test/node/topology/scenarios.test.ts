import test from 'ava';
import type { NodeId } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import type { TierOutlook } from '../../../src/node/topology/tier-keeper.ts';
import { TierWorld } from './tier-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const flat = (): number => 5;
const three = [
  ['n0', 'hot', 'a'],
  ['n1', 'hot', 'b'],
  ['n2', 'hot', 'c'],
  ['n3', 'warm', 'b'],
] as const;

/** Everybody 5 ms from everybody, but paths that end at `slow` take `ms`. */
const slowed =
  (slow: (nowMs: number) => readonly string[], ms = 80) =>
  (a: NodeId, b: NodeId, nowMs: number): number =>
    slow(nowMs).some((id) => id === a || id === b) ? ms : 5;

/** In one zone; after a minute two of the voters are slow, and two warm ones are not. */
const twoSlowed = (): TierWorld =>
  new TierWorld(
    [
      ['n0', 'hot', 'a'],
      ['n1', 'hot', 'a'],
      ['n2', 'hot', 'a'],
      ['n3', 'warm', 'a'],
      ['n4', 'warm', 'a'],
    ],
    { hot: 3 },
    slowed((nowMs) => (nowMs > minuteMs ? ['n1', 'n2'] : [])),
  );

test('a quiet cluster stays as it is', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat);
  await world.run(hourMs);
  t.deepEqual(world.whats(), []);
});

test('a hot replica that is lost is replaced after the grace time, once; back, it is warm', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1 }, flat);
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(world.policy.graceMs - 1000);
  t.deepEqual(world.whats(), []);
  await world.run(minuteMs);
  t.deepEqual(world.whats(), ['replace n2 by n3']);
  world.node('n2').alive = true;
  await world.run(hourMs);
  t.deepEqual(world.whats(), ['replace n2 by n3']);
  t.is(world.tiers(), 'n0 hot, n1 hot, n2 warm, n3 hot');
});

test('a member that comes and goes within the grace time is left alone', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat);
  await world.run(hourMs, (nowMs) => {
    world.node('n2').alive = nowMs % 20_000 < 8000;
  });
  t.deepEqual(world.whats(), []);
});

test('a voter that has become distant is exchanged for the near replica, once', async (t) => {
  const world = new TierWorld(
    three,
    { hot: 3, warm: 1, spread: 'zone' },
    slowed((nowMs) => (nowMs > minuteMs ? ['n1'] : [])),
  );
  await world.run(minuteMs + world.policy.gainForMs - 1000);
  t.deepEqual(world.whats(), []);
  await world.run(hourMs);
  t.deepEqual(world.whats(), ['promote n3', 'demote n1 to warm']);
});

test('when the distant one is near again nothing gains enough to move back', async (t) => {
  const world = new TierWorld(
    three,
    { hot: 3, warm: 1, spread: 'zone' },
    slowed((nowMs) => (nowMs > minuteMs && nowMs < 10 * minuteMs ? ['n1'] : [])),
  );
  await world.run(3 * hourMs);
  t.deepEqual(world.whats(), ['promote n3', 'demote n1 to warm']);
});

/** 50 MB/s between everybody, but paths that end at `thin` have `rate`. */
const thinned =
  (thin: (nowMs: number) => readonly string[], rate = 200_000) =>
  (a: NodeId, b: NodeId, nowMs: number): number =>
    thin(nowMs).some((id) => id === a || id === b) ? rate : 50e6;

test('a voter whose rate alone has dropped is exchanged, once, and not back when the rate is there again', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat);
  world.bytesPerSecond = thinned((nowMs) => (nowMs > minuteMs && nowMs < 20 * minuteMs ? ['n1'] : []));
  await world.run(minuteMs + world.policy.gainForMs - 1000);
  t.deepEqual(world.whats(), []);
  await world.run(15 * minuteMs);
  t.deepEqual(world.whats(), ['promote n3', 'demote n1 to warm']);
  await world.run(3 * hourMs);
  t.is(world.whats().length, 2);
});

test('noise in the rate, and a rate that comes and goes, move nothing', async (t) => {
  const noisy = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat, 0.4);
  noisy.bytesPerSecond = () => 1e6;
  await noisy.run(3 * hourMs);
  t.deepEqual(noisy.whats(), []);
  const flapping = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat);
  flapping.bytesPerSecond = thinned((nowMs) => (nowMs % 80_000 < 40_000 ? ['n1'] : []));
  await flapping.run(3 * hourMs);
  t.deepEqual(flapping.whats(), []);
});

test('latency that comes and goes moves nothing', async (t) => {
  const world = new TierWorld(
    three,
    { hot: 3, warm: 1, spread: 'zone' },
    slowed((nowMs) => (nowMs % 80_000 < 40_000 ? ['n1'] : [])),
  );
  await world.run(3 * hourMs);
  t.deepEqual(world.whats(), []);
});

test('the loss of a place: its voter is replaced, and goes back once the place is there again', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, flat);
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(20 * minuteMs);
  t.deepEqual(world.whats(), ['replace n2 by n3']);
  world.node('n2').alive = true;
  await world.run(3 * hourMs);
  t.deepEqual(world.whats().slice(1, 2), ['promote n2']);
  t.regex(world.whats()[2] ?? '', /^demote n[13] to warm$/);
  t.is(world.whats().length, 3);
});

test('five voters over three places: a place with two of them is lost and comes back', async (t) => {
  const world = new TierWorld(
    [
      ['n0', 'hot', 'a'],
      ['n1', 'hot', 'a'],
      ['n2', 'hot', 'b'],
      ['n3', 'hot', 'b'],
      ['n4', 'hot', 'c'],
      ['n5', 'warm', 'c'],
      ['n6', 'warm', 'c'],
      ['n7', 'cold', 'a'],
    ],
    { hot: 5, warm: 2, cold: 1, spread: 'zone' },
    flat,
  );
  await world.run(minuteMs);
  for (const id of ['n2', 'n3']) world.node(id).alive = false;
  await world.run(10 * minuteMs);
  t.is(world.nodes.filter(({ voter, alive }) => voter && alive).length, 5);
  for (const id of ['n2', 'n3']) world.node(id).alive = true;
  await world.run(3 * hourMs);
  const settled = world.whats().length;
  const voters = world.nodes.filter(({ voter }) => voter);
  for (const zone of ['a', 'b', 'c'])
    t.true(voters.filter((each) => each.zone === zone).length <= 2, `zone ${zone}: ${world.tiers()}`);
  await world.run(3 * hourMs);
  t.is(world.whats().length, settled, world.whats().join('; '));
  t.true(settled <= 10, world.whats().join('; '));
});

test.serial('moves for the better keep their distance in time (tier-rate-ignored does not)', async (t) => {
  t.teardown(() => activateMutant(null));
  const promotions = (world: TierWorld): typeof world.moves =>
    world.moves.filter(({ what }) => what.startsWith('promote'));
  const world = twoSlowed();
  await world.run(2 * hourMs);
  const promoted = promotions(world);
  t.deepEqual(
    promoted.map(({ what }) => what).sort(),
    ['promote n3', 'promote n4'],
    world.whats().join('; '),
  );
  t.is(world.moves.length, 4);
  t.true((promoted[1]?.atMs ?? 0) - (promoted[0]?.atMs ?? 0) >= world.policy.atMostEveryMs);
  activateMutant('tier-rate-ignored');
  const hasty = twoSlowed();
  await hasty.run(2 * hourMs);
  const [first, second] = promotions(hasty);
  t.true((second?.atMs ?? 0) - (first?.atMs ?? 0) < hasty.policy.atMostEveryMs);
});

test('the nearest of the others is warm', async (t) => {
  const world = new TierWorld(
    [
      ['n0', 'hot', 'a'],
      ['n1', 'warm', 'b'],
      ['n2', 'cold', 'c'],
    ],
    { hot: 1, warm: 1, cold: 1 },
    slowed((nowMs) => (nowMs > minuteMs ? ['n1'] : ['n2'])),
  );
  await world.run(3 * hourMs);
  t.deepEqual(world.whats(), ['retier n2 to warm', 'retier n1 to cold']);
});

test('numbers: a voter too many goes, one too few comes, the cold one only when no warm one is there', async (t) => {
  const world = new TierWorld(
    [
      ['n0', 'hot', 'a'],
      ['n1', 'cold', 'a'],
      ['n2', 'warm', 'a'],
      ['n3', 'warm', 'a'],
    ],
    { hot: 3 },
    flat,
  );
  await world.run(10 * minuteMs);
  t.deepEqual([...world.whats()].sort(), ['promote n2', 'promote n3']);
  const many = new TierWorld(
    [
      ['n0', 'hot', 'a'],
      ['n1', 'hot', 'a'],
      ['n2', 'hot', 'b'],
      ['n3', 'hot', 'c'],
    ],
    { hot: 3, spread: 'zone' },
    flat,
  );
  await many.run(10 * minuteMs);
  t.deepEqual(many.whats(), ['demote n1 to warm']);
});

test('a promotion that its leader did not live to see is finished by the next', async (t) => {
  const world = new TierWorld([...three, ['n4', 'warm', 'a']], { hot: 3, graceMs: 10_000 }, flat);
  world.changeMs = minuteMs;
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(40_000);
  const begun = world.nodes.find(({ wanted }) => wanted === 'hot')?.id;
  t.truthy(begun);
  t.is(world.leader, 'n0' as NodeId);
  world.leader = 'n1' as NodeId;
  await world.run(3 * minuteMs);
  t.deepEqual(world.whats(), [`replace n2 by ${begun}`]);
});

test('who was to take the place and is lost itself is not waited for', async (t) => {
  const world = new TierWorld([...three, ['n4', 'warm', 'a']], { hot: 3, graceMs: 10_000 }, flat);
  world.changeMs = minuteMs;
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(40_000);
  const begun = world.nodes.find(({ wanted }) => wanted === 'hot');
  if (begun !== undefined) begun.alive = false;
  world.changeMs = 5000;
  await world.run(5 * minuteMs);
  const other = begun?.id === 'n3' ? 'n4' : 'n3';
  t.deepEqual(world.whats(), [`replace n2 by ${other}`]);
});

test('what failed is tried again, ever more rarely', async (t) => {
  const world = new TierWorld(three, { hot: 3 }, flat);
  world.failures = 4;
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(2 * minuteMs);
  t.deepEqual(world.whats(), ['replace n2 by n3']);
  t.is(world.failures, 0);
});

test('a leader that has just begun keeps its distance in time from the moves of the one before', async (t) => {
  const world = twoSlowed();
  const promoted = (): readonly { readonly atMs: number }[] =>
    world.moves.filter(({ what }) => what.startsWith('promote'));
  while (promoted().length === 0) await world.run(1000);
  await world.run(20_000);
  world.leader = world.nodes.find(({ voter, id }) => voter && (id === 'n3' || id === 'n4'))?.id ?? null;
  const ledFromMs = world.nowMs;
  await world.run(2 * hourMs);
  t.is(promoted().length, 2, world.whats().join('; '));
  t.true((promoted()[1]?.atMs ?? 0) - ledFromMs >= world.policy.atMostEveryMs, world.whats().join('; '));
});

test('what a new leader must do it does at once', async (t) => {
  const world = new TierWorld(three, { hot: 3, warm: 1 }, flat);
  await world.run(minuteMs);
  world.leader = world.node('n1').id;
  world.node('n2').alive = false;
  await world.run(world.policy.graceMs + 10_000);
  t.deepEqual(world.whats(), ['replace n2 by n3']);
});

test('the outlook says what a step waits for: to have lasted, the time between two moves, or after a failure', async (t) => {
  const world = new TierWorld(
    three,
    { hot: 3, warm: 1 },
    slowed((nowMs) => (nowMs > minuteMs ? ['n1'] : [])),
  );
  const outlook = (): TierOutlook => {
    const seen = world.node('n0').keeper.outlook();
    if (seen === null) throw new Error('n0 does not lead');
    return seen;
  };
  await world.run(minuteMs);
  t.deepEqual([outlook().steps.length, outlook().hold], [0, null]);
  await world.run(2 * minuteMs);
  t.is(outlook().steps[0]?.rule, 'latency');
  t.true(outlook().wishedForMs >= world.policy.gainForMs);
  const { hold } = outlook();
  t.regex(hold?.why ?? '', /^moves for the better are 300 s apart/);
  await world.run((hold?.forMs ?? 0) - 1000);
  t.deepEqual(world.whats(), []);
  t.is(outlook().running, null);
  world.failures = 3;
  await world.run(1500);
  t.is(outlook().running?.step.rule, 'latency');
  while (world.failures > 0) await world.run(500);
  t.regex(outlook().hold?.why ?? '', /^the last change failed \(learner-not-ready: not yet\)$/);
  const waitMs = outlook().hold?.forMs ?? 0;
  t.true(waitMs > 2000 && waitMs <= 4000, `${waitMs}`);
  await world.run(waitMs - 500);
  t.is(outlook().running, null);
  await world.run(1000);
  t.not(outlook().running, null);
});

test('the dry run begins with the step that is taken first, though another would be better', async (t) => {
  const world = new TierWorld(
    [...three, ['n4', 'warm', 'a']],
    { hot: 3, atMostEveryMs: 0 },
    // By and by n4 is still better than n3.
    (a, b, nowMs) => {
      if (a === 'n1' || b === 'n1') return 80;
      if (a === 'n3' || b === 'n3') return 20;
      return a === 'n4' || b === 'n4' ? (nowMs > 55_000 ? 5 : 80) : 20;
    },
  );
  let planned: string | null = null;
  while (world.moves.length === 0) {
    const outlook = world.node('n0').keeper.outlook();
    const change = outlook?.steps[0]?.change;
    if (outlook?.running === null && change?.kind === 'promote') {
      planned = change.id;
      if (world.nowMs > 56_000 && world.nowMs < 60_000) t.is(planned, 'n3');
    }
    await world.run(500);
  }
  t.deepEqual(world.whats(), ['promote n3']);
  t.is(planned, 'n3');
});

test('nothing is moved where the policy says so', async (t) => {
  const world = new TierWorld(three, { hot: 3, automatic: false }, flat);
  await world.run(minuteMs);
  world.node('n2').alive = false;
  await world.run(hourMs);
  t.deepEqual(world.whats(), []);
  t.deepEqual(
    world
      .node('n0')
      .keeper.outlook()
      ?.steps.map(({ change }) => change),
    [{ kind: 'replace', lost: world.node('n2').id, by: world.node('n3').id }],
  );
  t.regex(world.node('n0').keeper.outlook()?.steps[0]?.reason ?? '', /n2 has not been heard for 3600 s/);
});

test.serial(
  'who has just become hot is not sent back because nothing is known of its paths yet',
  async (t) => {
    t.teardown(() => activateMutant(null));
    const moves = async (measuredAfterMs: number): Promise<readonly string[]> => {
      let hotSinceMs: number | null = null;
      const world = new TierWorld(three, { hot: 3, warm: 1, atMostEveryMs: 1000 }, (a, b, nowMs) => {
        const isFresh =
          hotSinceMs !== null && nowMs - hotSinceMs < measuredAfterMs && (a === 'n3' || b === 'n3');
        return isFresh ? null : slowed(() => (nowMs > minuteMs ? ['n1'] : []))(a, b, nowMs);
      });
      await world.run(hourMs, (nowMs) => {
        if (world.node('n3').tier !== 'hot') hotSinceMs = null;
        else hotSinceMs ??= nowMs;
      });
      return world.whats();
    };
    t.deepEqual(await moves(20_000), ['promote n3', 'demote n1 to warm']);
    activateMutant('unmeasured-is-farthest');
    t.true((await moves(20_000)).length > 2);
  },
);

test.serial('who goes is not chosen by the first measurements of who has just become hot', async (t) => {
  t.teardown(() => activateMutant(null));
  const moves = async (): Promise<readonly string[]> => {
    let hotSinceMs: number | null = null;
    const world = new TierWorld(three, { hot: 3, warm: 1, atMostEveryMs: 1000 }, (a, b, nowMs) => {
      const isNoise = hotSinceMs !== null && nowMs - hotSinceMs < 2000;
      return slowed(() => (nowMs > minuteMs ? (isNoise ? ['n2'] : ['n1']) : []))(a, b, nowMs);
    });
    await world.run(hourMs, (nowMs) => {
      if (world.node('n3').tier === 'hot') hotSinceMs ??= nowMs;
    });
    return world.whats();
  };
  t.deepEqual(await moves(), ['promote n3', 'demote n1 to warm']);
  activateMutant('unmeasured-is-farthest');
  t.notDeepEqual(await moves(), ['promote n3', 'demote n1 to warm']);
});

test.serial('without the grace time, or the hysteresis, these scenarios fail', async (t) => {
  t.teardown(() => activateMutant(null));
  const flapping = async (): Promise<number> => {
    const world = new TierWorld(three, { hot: 3, warm: 1 }, flat);
    await world.run(10 * minuteMs, (nowMs) => {
      world.node('n2').alive = nowMs % 20_000 < 8000;
    });
    return world.moves.length;
  };
  const shaking = async (): Promise<number> => {
    const slow = slowed((nowMs) => (nowMs % 80_000 < 40_000 ? ['n1'] : []));
    const world = new TierWorld(three, { hot: 3, warm: 1, spread: 'zone' }, slow);
    await world.run(hourMs);
    return world.moves.length;
  };
  t.is(await flapping(), 0);
  t.is(await shaking(), 0);
  activateMutant('tier-grace-ignored');
  t.true((await flapping()) > 0);
  activateMutant('tier-hysteresis-ignored');
  t.true((await shaking()) > 0);
});
