import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { logIndex, type NodeId, nodeId, term } from '../../../src/foundation/ids.ts';
import { activateMutant } from '../../../src/foundation/mutants.ts';
import { PeerGuard } from '../../../src/node/peers/peer-guard.ts';
import { encodePeerView } from '../../../src/node/peers/peer-view.ts';
import { beforeAll, type LogPoint, type LogStore, type PeerIdentity } from '../../../src/ports/log-store.ts';
import { silentLog } from '../../../src/ports/node-log.ts';

const f = nodeId('f');
const at = (index: number, inTerm = 1): LogPoint => ({ index: logIndex(index), term: term(inTerm) });

function identity(storeId: string, bootCounter: number, incarnation: string, last = beforeAll): PeerIdentity {
  return { storeId, bootCounter, incarnation, last, doubted: false };
}

interface Write {
  readonly identity: PeerIdentity;
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A guard whose writes end when the test says so. */
function guarded(remembered: PeerIdentity | null) {
  const writes: Write[] = [];
  const forgotten: NodeId[] = [];
  const failures: Error[] = [];
  const own = { acknowledged: beforeAll };
  const log = {
    image: { peers: new Map(remembered === null ? [] : [[f, remembered]]) },
    rememberPeer: (_: NodeId, written: PeerIdentity) =>
      new Promise<void>((resolve, reject) => {
        writes.push({ identity: written, done: resolve, fail: reject });
      }),
  } as unknown as LogStore;
  const guard = new PeerGuard({
    self: nodeId('l'),
    clusterId: 'c',
    incarnation: 'own',
    trusted: () => {},
    log,
    nodeLog: silentLog,
    doubted: () => {},
    forget: (peer) => forgotten.push(peer),
    acknowledged: () => own.acknowledged,
    failed: (error) => failures.push(error),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    while (writes.length > 0) {
      writes.shift()?.done();
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  };
  const hello = async (presented: PeerIdentity): Promise<void> => {
    const said = guard.hello(f, presented, 'c');
    await settle();
    await said;
  };
  return { guard, writes, forgotten, failures, own, settle, hello };
}

test('a doubt that comes while trust is being written stands', async (t) => {
  const { guard, forgotten, settle, hello } = guarded(identity('s0', 5, 'i0'));
  await hello(identity('s1', 1, 'i1'));
  t.true(guard.doubted.has(f));
  const trust = guard.trust(f, guard.doubtOf(f));
  const again = guard.hello(f, identity('s2', 1, 'i2'), 'c');
  await settle();
  await Promise.all([trust, again]);
  t.true(guard.doubted.has(f));
  t.is(guard.identityOf(f)?.incarnation, 'i2');
  t.true(guard.identityOf(f)?.doubted);
  // Both doubting hellos made Raft forget, each also after its write.
  t.is(forgotten.length, 4);
});

test('trust that was earned before a doubt is not given after it', async (t) => {
  const { guard, settle, hello } = guarded(identity('s0', 5, 'i0'));
  await hello(identity('s1', 1, 'i1'));
  const earned = guard.doubtOf(f);
  const again = guard.hello(f, identity('s1', 1, 'i2'), 'c');
  const trust = guard.trust(f, earned);
  await settle();
  await Promise.all([again, trust]);
  t.true(guard.doubted.has(f));
  const last = guard.trust(f, guard.doubtOf(f));
  await settle();
  await last;
  t.false(guard.doubted.has(f));
});

test('a loss that is found during a write stands after it', async (t) => {
  const { guard, settle } = guarded(null);
  const said = guard.hello(f, identity('s', 1, 'i1'), 'c');
  for (let i = 0; i < 5; i++) await Promise.resolve();
  const lost = guard.lost(f);
  await settle();
  await Promise.all([said, lost]);
  t.true(guard.doubted.has(f));
  t.true(guard.identityOf(f)?.doubted);
});

test('an ordinary restart is trusted; a log that lacks what the leader saw acknowledged is not', async (t) => {
  const { guard, own, hello } = guarded(null);
  await hello(identity('s', 1, 'i1'));
  own.acknowledged = at(50);
  await hello(identity('s', 2, 'i2', at(50)));
  t.false(guard.doubted.has(f));
  own.acknowledged = at(100);
  await hello(identity('s', 3, 'i3', at(60)));
  t.true(guard.doubted.has(f));
});

test('a longer log of an older term lacks it as well', async (t) => {
  const { guard, own, hello } = guarded(null);
  await hello(identity('s', 1, 'i1'));
  own.acknowledged = at(100, 4);
  await hello(identity('s', 2, 'i2', at(120, 3)));
  t.true(guard.doubted.has(f));
});

test('a follower knows what peers acknowledged from its leader, and keeps it when they go', async (t) => {
  const { guard, settle, hello } = guarded(null);
  await hello(identity('s', 1, 'i1'));
  const view = encodePeerView(new Map([[f, identity('s', 1, 'i1')]]), new Set(), () => at(70));
  await guard.leaderSays(view);
  const gone = guard.disconnected(f);
  await settle();
  await gone;
  t.deepEqual(guard.identityOf(f)?.last, at(70));
  const restarted = guarded(guard.identityOf(f));
  await restarted.hello(identity('s', 2, 'i2', at(69)));
  t.true(restarted.guard.doubted.has(f));
});

test('what a start acknowledged says nothing against its own hello, which comes later', async (t) => {
  const { guard, hello, settle } = guarded(null);
  await hello(identity('s', 1, 'i1'));
  const said = guard.leaderSays(
    encodePeerView(new Map([[f, identity('s', 2, 'i2')]]), new Set(), () => at(70)),
  );
  await settle();
  await said;
  await hello(identity('s', 2, 'i2', at(10)));
  t.false(guard.doubted.has(f));
});

test('the late hello of an earlier start is refused without a doubt; an unknown start with an old counter is doubted', async (t) => {
  const { guard, hello } = guarded(null);
  await hello(identity('s', 1, 'i1'));
  await hello(identity('s', 2, 'i2'));
  await t.throwsAsync(hello(identity('s', 1, 'i1')), { code: 'duplicate-node' });
  t.false(guard.doubted.has(f));
  t.is(guard.identityOf(f)?.incarnation, 'i2');
  await hello(identity('s', 2, 'i3'));
  t.true(guard.doubted.has(f));
});

test('a failed log ends the node, a full disk only this hello', async (t) => {
  const { guard, writes, failures } = guarded(null);
  const attempt = async (error: TanistError): Promise<void> => {
    const said = guard.hello(f, identity('s', 1, 'i1'), 'c');
    for (let i = 0; i < 10; i++) await Promise.resolve();
    writes.shift()?.fail(error);
    await t.throwsAsync(said, { code: error.code });
  };
  await attempt(new TanistError('disk-full', 'full'));
  t.is(failures.length, 0);
  t.is(guard.identityOf(f), null);
  await attempt(new TanistError('storage-failed', 'broken'));
  t.is(failures.length, 1);
});

test('a doubt that a full disk could not keep is doubted at the next hello too', async (t) => {
  const { guard, writes, hello } = guarded(identity('s', 5, 'i5'));
  const said = guard.hello(f, identity('s', 5, 'old'), 'c');
  for (let i = 0; i < 10; i++) await Promise.resolve();
  writes.shift()?.fail(new TanistError('disk-full', 'full'));
  await t.throwsAsync(said, { code: 'disk-full' });
  t.true(guard.doubted.has(f));
  await hello(identity('s', 6, 'later'));
  t.true(guard.identityOf(f)?.doubted);
});

test.serial('a new store is doubted; without the look at it, it is not', async (t) => {
  const seen = async (): Promise<boolean> => {
    const { guard, hello } = guarded(identity('s0', 5, 'i0'));
    await hello(identity('s1', 1, 'i1'));
    return guard.doubted.has(f);
  };
  t.true(await seen());
  activateMutant('ignore-store-identity');
  try {
    t.false(await seen());
  } finally {
    activateMutant(null);
  }
});

/** What a leader says of the one peer. */
async function hears(
  world: ReturnType<typeof guarded>,
  said: PeerIdentity,
  acknowledged: number,
  doubted = false,
): Promise<void> {
  const view = encodePeerView(new Map([[f, said]]), new Set(doubted ? [f] : []), () => at(acknowledged));
  const done = world.guard.leaderSays(view);
  await world.settle();
  await done;
}

/** A peer loses its disk and is repaired by a leader, while this node is cut off from it; then it comes by. Says whether it is doubted. */
async function meetsRepaired(): Promise<boolean> {
  const world = guarded(identity('s0', 5, 'i0', at(60)));
  await hears(world, identity('s1', 1, 'i1'), 80);
  const restarted = guarded(world.guard.identityOf(f));
  await restarted.hello(identity('s1', 2, 'i2', at(80)));
  return restarted.guard.doubted.has(f);
}

test.serial(
  'a start that the leader trusts is trusted by who meets it when that leader is gone',
  async (t) => {
    t.false(await meetsRepaired());
    activateMutant('trust-of-unmet-ignored');
    t.teardown(() => activateMutant(null));
    t.true(await meetsRepaired());
  },
);

test('the trust of a leader reaches an unmet start only where it is known to be the later one, and to be whole', async (t) => {
  const trusted = async (
    word: PeerIdentity,
    acknowledged: number,
    doubted: boolean,
    ...met: PeerIdentity[]
  ): Promise<string> => {
    const world = guarded(identity('s0', 5, 'i0', at(60)));
    for (const one of met) await world.hello(one);
    await hears(world, word, acknowledged, doubted);
    return world.guard
      .trustedStarts()
      .map(([, start]) => start)
      .join();
  };
  t.is(await trusted(identity('s1', 1, 'i1'), 80, false), 'i1');
  t.is(await trusted(identity('s1', 1, 'i1'), 80, true), 'i0');
  // It lacks, as far as the leader knows, what it had acknowledged.
  t.is(await trusted(identity('s1', 1, 'i1'), 59, false), 'i0');
  t.is(await trusted(identity('s0', 6, 'i6'), 80, false), 'i6');
  t.is(await trusted(identity('s0', 4, 'i4'), 80, false), 'i0');
  // The start that was met since may be of a later store than the leader speaks of.
  t.is(await trusted(identity('s1', 1, 'i1'), 80, false, identity('s2', 1, 'i2')), '');
  t.is(await trusted(identity('s2', 2, 'i3'), 80, false, identity('s2', 1, 'i2')), 'i3');
  // A start that another has followed.
  t.is(
    await trusted(
      identity('s0', 6, 'i6'),
      80,
      false,
      identity('s0', 6, 'i6', at(60)),
      identity('s0', 7, 'i7', at(60)),
    ),
    'i7',
  );
});

test('a leader of another version, that does not name the store, is not taken at its word', async (t) => {
  const { guard } = guarded(identity('s0', 5, 'i0'));
  await guard.leaderSays(Buffer.from(JSON.stringify([[f, 'i1', false, 80, 1]])));
  t.is(guard.identityOf(f)?.incarnation, 'i0');
});

test('who was met is not taken for a start of another store, of which a leader speaks that has not met it', async (t) => {
  const world = guarded(null);
  await world.hello(identity('s1', 1, 'i1'));
  const gone = world.guard.disconnected(f);
  await world.settle();
  await gone;
  await hears(world, identity('s0', 5, 'i0'), 80, false);
  t.is(world.guard.identityOf(f)?.incarnation, 'i1');
  t.deepEqual(world.guard.trustedStarts(), [[f, 'i1']]);
});

test('a leader without memory trusts who is not whole yet: its followers do when that start has stored what others had', async (t) => {
  const world = guarded(identity('s0', 5, 'i0', at(60)));
  await world.hello(identity('s1', 1, 'i1'));
  t.true(world.guard.doubted.has(f));
  await hears(world, identity('s1', 1, 'i1'), 59, false);
  t.true(world.guard.doubted.has(f));
  await hears(world, identity('s1', 1, 'i1'), 60, false);
  t.false(world.guard.doubted.has(f));
});

test('a leader that was away, and is elected, is trusted at its own word', async (t) => {
  const world = guarded(identity('s0', 5, 'i0', at(60)));
  await world.hello(identity('s1', 1, 'i1'));
  t.true(world.guard.doubted.has(f));
  const said = world.guard.leaderSays(Buffer.from(JSON.stringify([[f, 'i1', false, 0, 0]])));
  await world.settle();
  await said;
  t.false(world.guard.doubted.has(f));
});
