import test from 'ava';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get } from './fleet.ts';

const small = fakePackage('small');
const large = fakePackage('@scope/large', 3_000_000);

test('the second agent gets metadata and tarballs from the first', async (t) => {
  const upstream = await startFakeRegistry([small, large]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  const one = await fleet.agent('one', upstream.url);
  const two = await fleet.agent('two', upstream.url);
  for (const agent of [one, two]) {
    for (const each of [small, large]) {
      const metadata = await get(agent.address, `/${each.name.replace('/', '%2f')}`);
      const { dist } = JSON.parse(metadata.body.toString()).versions['1.0.0'];
      const tarball = new URL(dist.tarball);
      t.is(tarball.host, agent.address);
      const got = await get(agent.address, tarball.pathname);
      t.true(got.body.equals(each.tarball));
    }
  }
  t.deepEqual([...upstream.asked.values()], [1, 1, 1, 1]);
  const { counts } = two.stats();
  t.is(counts.upstreamBytes, 0);
  t.true(counts.peerBytes > large.tarball.length);
  t.is(counts.peerBytes, one.stats().counts.givenBytes);
});
