import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { Moment } from '../../../src/chaos/moment.ts';
import { startTraffic } from '../../../src/chaos/traffic/start-traffic.ts';
import { type LocalCluster, startLocalCluster } from '../../../src/local/local-cluster.ts';
import { localTarget } from './local-target.ts';

let folder = '';
let cluster: LocalCluster;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-test-'));
  cluster = await startLocalCluster({ folder, hot: 3 });
});
test.after.always(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('all parts hold over a leader that is killed', async (t) => {
  const target = localTarget(cluster);
  const moments: Moment[] = [];
  const beganMs = performance.now();
  const traffic = await startTraffic(target, {
    rate: 800,
    clients: 6,
    seed: 1,
    nowMs: () => performance.now() - beganMs,
    onMoment: (moment) => moments.push(moment),
  });
  const until = async (acknowledged: number): Promise<void> => {
    while (traffic.acknowledged.length < acknowledged) await delay(20);
  };
  await until(400);
  const leader = await target.leader();
  target.signal(leader, 'SIGKILL');
  await until(1600);
  await target.start(leader);
  await until(2000);
  await traffic.stop();
  const report = await traffic.check();
  t.log(report);
  t.is(report.lost, 0);
  for (const { check, answer, detail } of report.verdicts) t.is(answer, 'yes', `${check}: ${detail}`);
  t.true(traffic.samples.length > 0);
  await target.stop();
});
