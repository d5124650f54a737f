import test from 'ava';
import { AgentMetrics } from '../../src/api/metrics/agent-metrics.ts';
import { fakePackage, startFakeRegistry } from './fake-registry.ts';
import { Fleet, get } from './fleet.ts';

const wanted = fakePackage('wanted', 1000);

test('metadata leads to where the sandbox reached the agent, whatever that is bound to', async (t) => {
  const upstream = await startFakeRegistry([wanted]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  const agent = await fleet.agent('own', upstream.url, { listen: { host: '0.0.0.0', port: 0 } });
  const local = `127.0.0.1:${agent.address.split(':')[1]}`;
  const tarballFor = async (host: string): Promise<string> => {
    const { body } = await get(local, '/wanted', { host });
    return JSON.parse(body.toString()).versions['1.0.0'].dist.tarball;
  };
  // Two names of the same agent are never mixed up, though both are given from the same metadata.
  for (const host of ['agent.example:4873', '[::1]:4873', 'other', 'agent.example:4873'])
    t.is(await tarballFor(host), `http://${host}/wanted/-/wanted-1.0.0.tgz`);
  t.is(await tarballFor('no"host'), `http://${agent.address}/wanted/-/wanted-1.0.0.tgz`);
  t.is(upstream.asked.get('/wanted'), 1);
});

test('an address that leads others to themselves is not registered', async (t) => {
  const fleet = new Fleet();
  t.teardown(() => fleet.stop());
  for (const host of ['0.0.0.0', '::'])
    await t.throwsAsync(fleet.agent('own', 'http://127.0.0.1:9/', { peerListen: { host, port: 0 } }), {
      code: 'config-invalid',
      message: /--advertise HOST:PORT/,
    });
  const peerListen = { host: '0.0.0.0', port: 0 };
  const agent = await fleet.agent('own', 'http://127.0.0.1:9/', { peerListen, advertise: 'me.example:1' });
  t.is(agent.stats().sandbox.address, 'me.example:1');
});

test('whoever watches over agents finds probes at both faces, and metrics at that of the peers', async (t) => {
  const upstream = await startFakeRegistry([wanted]);
  const fleet = new Fleet();
  t.teardown(async () => {
    await fleet.stop();
    await upstream.stop();
  });
  const agent = await fleet.agent('own', upstream.url);
  await get(agent.address, '/wanted/-/wanted-1.0.0.tgz');
  for (const probe of ['livez', 'readyz']) {
    t.is((await get(agent.address, `/-/${probe}`)).body.toString(), 'ok\n');
    t.is((await get(agent.peerAddress, `/${probe}`)).body.toString(), 'ok\n');
  }
  const metrics = new AgentMetrics();
  const stats = agent.stats();
  await metrics.page(stats);
  const page = await metrics.page(stats); // read twice, counted once
  t.true(page.includes(`tanist_agent_bytes_total{from="upstream"} ${stats.counts.upstreamBytes}`));
  t.true(page.includes('tanist_agent_joined 1'));
  t.is((await get(agent.peerAddress, '/metrics')).status, 404); // this one was given none
  t.is(upstream.askedFor('livez') + upstream.askedFor('readyz'), 0);
});
