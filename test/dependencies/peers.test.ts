import { createHash } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import type { ContentKey } from '../../src/ports/dependency-registry.ts';
import { type FakePeer, giving, startFakePeer } from './fake-peer.ts';
import { type FakePackage, type FakeRegistry, fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, type Got, get, until } from './fleet.ts';

const hash = (algorithm: string, bytes: Buffer): string => createHash(algorithm).update(bytes).digest('hex');
const heldOf = ({ tarball }: FakePackage) => ({
  keys: [{ algorithm: 'sha512', digest: hash('sha512', tarball) } satisfies ContentKey],
  sha256: hash('sha256', tarball),
  size: tarball.length,
});

async function setting(t: ExecutionContext, wanted: FakePackage) {
  const upstream = await startFakeRegistry([wanted]);
  const fleet = new Fleet();
  const registry = new StateRegistry(fleet.state, systemClock);
  const peers: FakePeer[] = [];
  t.teardown(async () => {
    await fleet.stop();
    await Promise.all([upstream.stop(), ...peers.map((peer) => peer.stop())]);
  });
  const peer = async (id: string, ...answer: Parameters<typeof startFakePeer>[3][]): Promise<FakePeer> => {
    const made = await startFakePeer(registry, id, heldOf(wanted), answer[0]!);
    peers.push(made);
    return made;
  };
  return { upstream, fleet, peer, registry, fetch: (address: string) => fetched(address, wanted) };
}

async function fetched(address: string, { name }: FakePackage): Promise<Got> {
  return await get(address, `/${name}/-/${name}-1.0.0.tgz`);
}
const tarballsAsked = (upstream: FakeRegistry): number => upstream.askedFor('.tgz');

for (const [size, pad] of [
  ['small', 100],
  ['large', 400_000],
  ['larger than a segment', 8_500_000],
] as const)
  test(`an altered tarball from a peer is rejected, the peer marked, a ${size} one fetched elsewhere`, async (t) => {
    const wanted = fakePackage('wanted', pad);
    const { upstream, fleet, peer, fetch } = await setting(t, wanted);
    const altered = Buffer.from(wanted.tarball);
    altered[altered.length - 20]! ^= 1;
    const liar = await peer('liar', giving(altered));
    const agent = await fleet.agent('own', upstream.url);
    // What was already handed out cannot be taken back: then it breaks off, and npm asks again.
    const first = await fetch(agent.address).catch(() => null);
    if (first !== null) t.true(first.body.equals(wanted.tarball));
    const again = await fetch(agent.address);
    t.true(again.body.equals(wanted.tarball));
    t.is(tarballsAsked(upstream), 1);
    t.true(agent.stats().peers[0]?.marked);
    t.is(agent.stats().counts.mismatches, 1);
    t.is(liar.asked, 1);
  });

test('a peer that says a wrong size, or sends more than there is, does no harm', async (t) => {
  const wanted = fakePackage('wanted', 200_000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  await peer('liar', giving(Buffer.concat([wanted.tarball, wanted.tarball])));
  const agent = await fleet.agent('own', upstream.url);
  await fetch(agent.address).catch(() => null);
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
});

test('a holder that is gone, one that never answers and one that falls silent half way are left for the next', async (t) => {
  const wanted = fakePackage('wanted', 600_000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  const dead = await peer('dead', () => undefined);
  await dead.stop();
  await peer('mute', () => undefined);
  await peer('silent', (_request, response) => {
    response.writeHead(200, { 'content-length': String(wanted.tarball.length) });
    response.write(wanted.tarball.subarray(0, 300_000));
  });
  await peer('well', giving(wanted.tarball));
  const agent = await fleet.agent('own', upstream.url, { stallMs: 1500 });
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 0);
  t.is(agent.stats().counts.mismatches, 0);
});

test('when no holder gives it, upstream does, going on where a peer fell silent', async (t) => {
  const wanted = fakePackage('wanted', 600_000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  await peer('silent', (_request, response) => {
    response.writeHead(200, { 'content-length': String(wanted.tarball.length) });
    response.write(wanted.tarball.subarray(0, 300_000));
  });
  const agent = await fleet.agent('own', upstream.url, { stallMs: 1500 });
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 1);
});

test('a large object comes from several holders at a time', async (t) => {
  const wanted = fakePackage('wanted', 12_000_000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  const givers = [
    await peer('a', giving(wanted.tarball)),
    await peer('b', giving(wanted.tarball)),
    await peer('c', giving(wanted.tarball)),
  ];
  const agent = await fleet.agent('own', upstream.url);
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 0);
  t.true(givers.filter(({ asked }) => asked > 0).length > 1);
  t.is(agent.stats().counts.peerBytes, wanted.tarball.length);
});

test('twenty agents at once: one copy from upstream', async (t) => {
  const wanted = fakePackage('wanted', 1_000_000);
  const { upstream, fleet, fetch } = await setting(t, wanted);
  const agents = await Promise.all(Array.from({ length: 20 }, (_, i) => fleet.agent(`a${i}`, upstream.url)));
  const got = await Promise.all(
    agents.map(async (agent) => {
      await get(agent.address, '/wanted');
      return await fetch(agent.address);
    }),
  );
  for (const { body } of got) t.true(body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 1);
  t.is(upstream.askedFor('/wanted'), 1);
});

test('an object that is evicted is no longer registered', async (t) => {
  const wanted = fakePackage('wanted', 300_000);
  const { upstream, fleet, registry } = await setting(t, wanted);
  const other = fakePackage('other', 300_000);
  upstream.packages.set('other', other);
  const agent = await fleet.agent('own', upstream.url, { cacheBytes: 400_000 });
  await fetched(agent.address, wanted);
  await fetched(agent.address, other);
  const found = async (each: FakePackage): Promise<number> =>
    (await registry.lookup(heldOf(each).keys))[0]!.length;
  await until(async () => (await found(wanted)) === 0 && (await found(other)) === 1);
  t.is(agent.cache.bytes < 400_000, true);
});

test('silent holders are not waited for one after the other', async (t) => {
  const wanted = fakePackage('wanted', 1000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  for (let i = 0; i < 12; i++) await peer(`mute-${i}`, () => undefined);
  const agent = await fleet.agent('own', upstream.url, { stallMs: 400 });
  await get(agent.address, '/wanted');
  const startMs = performance.now();
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  // One after the other they took 12 times as long; upstream is asked beside them after 600 ms.
  t.true(performance.now() - startMs < 6 * 400);
  t.is(tarballsAsked(upstream), 1);
});

test('beside a holder that keeps silent the next is asked; the silent one rests', async (t) => {
  const wanted = fakePackage('wanted', 1000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  await peer('a-mute', () => undefined);
  await peer('b-well', giving(wanted.tarball));
  const agent = await fleet.agent('own', upstream.url, { stallMs: 1000 });
  await get(agent.address, '/wanted');
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 0);
  t.is(agent.stats().peers.find(({ sandbox }) => sandbox === 'a-mute')?.resting, false);
  await until(() => agent.stats().peers.find(({ sandbox }) => sandbox === 'a-mute')?.resting === true);
});

test('a holder that only trickles is left for the next, its bytes are kept', async (t) => {
  const wanted = fakePackage('wanted', 200_000);
  const { upstream, fleet, peer, fetch } = await setting(t, wanted);
  await peer('drip', (_request, response) => {
    response.writeHead(200, { 'content-length': String(wanted.tarball.length) });
    let sent = 0;
    const dripping = setInterval(() => {
      response.write(wanted.tarball.subarray(sent, sent + 10));
      sent += 10;
    }, 20);
    response.on('close', () => clearInterval(dripping));
  });
  const agent = await fleet.agent('own', upstream.url, { stallMs: 300 });
  t.true((await fetch(agent.address)).body.equals(wanted.tarball));
  t.is(tarballsAsked(upstream), 1);
  t.true(agent.stats().counts.peerBytes > 0);
  t.is(agent.stats().counts.peerFailures, 1);
  t.is(agent.stats().counts.mismatches, 0);
});
