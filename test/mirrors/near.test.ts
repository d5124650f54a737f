import test from 'ava';
import type { Mirrors } from '../../src/mirrors/sdk/mirrors.ts';
import type { NearOptions } from '../../src/nearest/near-options.ts';
import { NearReplica, nearClient } from './near-world.ts';
import { settle } from './test-clock.ts';
import { world } from './world.ts';

function nearWorld(
  replicasOf: readonly (readonly [
    endpoint: string,
    roundTripMs: number,
    labels?: Readonly<Record<string, string>>,
  ])[],
  config: object = {},
) {
  const base = world(config);
  const replicas = replicasOf.map((each) => new NearReplica(base.cluster, base.clock, ...each));
  const { client, state } = nearClient(base.cluster, replicas);
  const troubles: string[] = [];
  const open = async (near: NearOptions = {}): Promise<Mirrors> => {
    const opening = base.open(
      { near, onTrouble: ({ message }) => void troubles.push(message) },
      base.clock,
      client,
    );
    await base.clock.advance(3000);
    return await opening;
  };
  return { ...base, replicas, near: open, state, troubles };
}

/** Every CPU count that a watch yields. */
function counts(mirrors: Mirrors): number[] {
  const seen: number[] = [];
  void (async () => {
    for await (const event of mirrors.watch('s/a'))
      if (event.kind === 'state') seen.push((event.state.value as { cpu: number }).cpu);
  })();
  return seen;
}

test('mirrors are read and followed at the nearest replica; the cluster sees no read of them', async (t) => {
  const { clock, origin, open, near, close, replicas, state } = nearWorld([
    ['far', 40],
    ['w0', 2],
  ]);
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  const mirrors = await near();
  const seen = counts(mirrors);
  await clock.advance(500);
  const first = await mirrors.poll('s/a');
  t.like(first, { hit: 'fresh', replica: { endpoint: 'w0' } });
  t.true((first.replica?.ageMs ?? 9999) < 3000);
  origin.documents.set('a', { cpu: 2 });
  await writer.refresh('s/a');
  await clock.advance(100);
  const second = await mirrors.poll('s/a');
  t.like(second, { value: { cpu: 2 }, hit: 'fresh' });
  t.true((second.replica?.revision ?? 0) > (first.replica?.revision ?? 0));
  // What this process writes goes to the cluster, and counts here at once.
  origin.documents.set('a', { cpu: 3 });
  await mirrors.refresh('s/a');
  t.like(await mirrors.poll('s/a'), { value: { cpu: 3 }, hit: 'fresh' });
  await clock.advance(100);
  t.deepEqual([seen, state.reads], [[1, 2, 3], 0]);
  t.is((await writer.poll('s/a')).replica, null);
  t.true((replicas[0]?.reads ?? 0) <= 2);
  await close();
});

test('the own zone comes first, then the own region; one that comes back is gone back to, unnoticed', async (t) => {
  const { clock, origin, open, near, close, replicas, state } = nearWorld([
    ['elsewhere', 1, { zone: 'x', region: 'far' }],
    ['own', 30, { zone: 'b', region: 'here' }],
    ['next door', 60, { zone: 'c', region: 'here' }],
  ]);
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  const mirrors = await near({ zone: 'b', region: 'here' });
  const seen = counts(mirrors);
  await clock.advance(500);
  let cpu = 1;
  const followed = async (): Promise<string | undefined> => {
    origin.documents.set('a', { cpu: ++cpu });
    await writer.refresh('s/a', 'asked');
    await clock.advance(1000);
    t.true(mirrors.live.following);
    const { value, replica } = await mirrors.poll('s/a');
    t.deepEqual(value, { cpu });
    return replica?.endpoint;
  };
  t.is(await followed(), 'own');
  replicas[1]!.down = true;
  t.is(await followed(), 'next door');
  replicas[1]!.down = false;
  await clock.advance(70_000);
  t.is(await followed(), 'own');
  // Round trips that waver move nobody.
  const before = replicas[1]!.reads;
  replicas[1]!.roundTripMs = 90;
  await clock.advance(70_000);
  t.is(await followed(), 'own');
  t.true(replicas[1]!.reads > before);
  t.deepEqual(
    seen,
    Array.from({ length: cpu }, (_, i) => i + 1),
  );
  t.is(state.reads, 0);
  await close();
});

test('without zones a replica that is clearly nearer by round trip is moved to', async (t) => {
  const { clock, open, near, close, replicas } = nearWorld(
    [
      ['w0', 10],
      ['w1', 40],
    ],
    { freshForMs: 600_000 },
  );
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  const mirrors = await near();
  const at = async (): Promise<string | undefined> => (await mirrors.poll('s/a')).replica?.endpoint;
  t.is(await at(), 'w0');
  replicas[1]!.roundTripMs = 8;
  await clock.advance(70_000);
  t.is(await at(), 'w0', 'not for so little');
  replicas[0]!.roundTripMs = 50;
  await clock.advance(70_000);
  t.is(await at(), 'w1');
  await close();
});

test('a replica that goes is left without a gap, and followed again when it is back and has what was seen', async (t) => {
  const { clock, origin, open, near, close, replicas, state, troubles } = nearWorld([['w0', 2]]);
  const [replica] = replicas;
  const writer = await open();
  await writer.poll('s/a');
  const mirrors = await near();
  const seen = counts(mirrors);
  await clock.advance(500);
  const changed = async (cpu: number): Promise<void> => {
    origin.documents.set('a', { cpu });
    await writer.refresh('s/a', 'asked');
    await clock.advance(1500);
  };
  await changed(2);
  replica!.down = true;
  // Between the two it is never lost: nobody asks the origin past the cluster.
  t.true(mirrors.live.following);
  await changed(3);
  t.like(await mirrors.poll('s/a'), { value: { cpu: 3 }, hit: 'fresh', replica: null });
  t.true(state.reads > 0);
  // It comes back as it was: what is newer is not given up for that.
  replica!.down = false;
  await replica!.standStill();
  await changed(4);
  await clock.advance(20_000);
  t.like(await mirrors.poll('s/a'), { value: { cpu: 4 } });
  t.deepEqual(seen, [1, 2, 3, 4]);
  replica!.goOn();
  await clock.advance(120_000);
  await changed(5);
  t.like(await mirrors.poll('s/a'), { value: { cpu: 5 }, replica: { endpoint: 'w0' } });
  t.deepEqual(seen, [1, 2, 3, 4, 5]);
  t.true(troubles.length <= 6, troubles.join('\n'));
  await close();
});

test('one that lags is left for the cluster, and where that has no quorum it serves with its age', async (t) => {
  const { clock, origin, open, near, close, replicas, state } = nearWorld([['w0', 2]]);
  const [replica] = replicas;
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  const mirrors = await near({ lagMs: 1000 });
  t.is((await mirrors.poll('s/a')).replica?.endpoint, 'w0');
  replica!.ageMs = 8000;
  await clock.advance(3000);
  t.is((await mirrors.poll('s/a')).replica, null);
  state.quorum = false;
  const late = await near({ lagMs: 1000 });
  await clock.advance(3000);
  const served = await late.poll('s/a');
  t.like(served, { value: { cpu: 1 }, hit: 'fresh', replica: { endpoint: 'w0' } });
  t.true((served.replica?.ageMs ?? 0) >= 8000);
  t.is(origin.asked.length, 1);
  // The quorum is back, and so is what it says.
  state.quorum = true;
  await clock.advance(10_000);
  t.is((await late.poll('s/a')).replica, null);
  await close();
});

test('what else is written while a replica is read holds nobody up', async (t) => {
  const { clock, cluster, open, near, close, replicas, state } = nearWorld([['w0', 50]]);
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  // It says nothing of revisions that are not the mirrors' own.
  const client = cluster.client();
  const writing = (): void => {
    void client.put('elsewhere', 'x');
    clock.after(10, writing);
  };
  writing();
  const mirrors = await near();
  t.like(await mirrors.poll('s/a'), { value: { cpu: 1 }, hit: 'fresh', replica: { endpoint: 'w0' } });
  t.true((replicas[0]?.reads ?? 0) > 0);
  t.is(state.reads, 0);
  await close();
});

test('a client that reaches no single replica follows the cluster', async (t) => {
  const { open, close } = world();
  const mirrors = await open({ near: {} });
  t.like(await mirrors.poll('s/a'), { value: { cpu: 1 }, replica: null });
  await close();
});

test('one whose watch stands still is left, and until then its age is told', async (t) => {
  const { clock, origin, open, near, close, replicas } = nearWorld([['w0', 2]]);
  const writer = await open();
  await writer.poll('s/a');
  await settle();
  const mirrors = await near({ lagMs: 2000 });
  const ageMs = async (): Promise<number> => (await mirrors.poll('s/a')).replica?.ageMs ?? -1;
  await clock.advance(10_000);
  t.true((await ageMs()) <= 1100, 'a quiet one is not old');
  replicas[0]!.stalled = true;
  origin.documents.set('a', { cpu: 2 });
  await writer.refresh('s/a');
  await clock.advance(1900);
  t.true((await ageMs()) >= 1900, 'reads that it answers say nothing of what its watch has told');
  await clock.advance(4000);
  t.like(await mirrors.poll('s/a'), { value: { cpu: 2 }, replica: null });
  await close();
});

test('a replica says all that it has before the cluster is left: no delta is missed meanwhile', async (t) => {
  const { clock, origin, open, near, close, replicas } = nearWorld([['w0', 1500]], {
    budget: { perMinute: 6000, burst: 100 },
  });
  const [replica] = replicas;
  replica!.down = true;
  const writer = await open();
  await writer.poll('s/a');
  const mirrors = await near();
  t.like(await mirrors.poll('s/a'), { value: { cpu: 1 }, replica: null });
  replica!.down = false;
  let cpu = 1;
  for (let i = 0; i < 80 && mirrors.live.replica === null; i++) {
    origin.documents.set('a', { cpu: ++cpu });
    await writer.refresh('s/a');
    await clock.advance(200);
    t.like(await mirrors.poll('s/a'), { value: { cpu } });
  }
  t.is(mirrors.live.replica?.endpoint, 'w0');
  await close();
});
