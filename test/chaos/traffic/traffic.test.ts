import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Moment } from '../../../src/chaos/moment.ts';
import type { Target } from '../../../src/chaos/target.ts';
import { startTraffic } from '../../../src/chaos/traffic/start-traffic.ts';
import type { Traffic, TrafficOptions, TrafficReport } from '../../../src/chaos/traffic.ts';
import { connect } from '../../../src/client/connect.ts';
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

/** Traffic of about 500 calls a second, and its own clock. */
async function startOn(
  t: ExecutionContext,
  target: Target,
  options: Partial<TrafficOptions> = {},
): Promise<{ traffic: Traffic; until: (acknowledged: number) => Promise<void>; moments: Moment[] }> {
  const moments: Moment[] = [];
  const beganMs = performance.now();
  const traffic = await startTraffic(target, {
    rate: 500,
    clients: 6,
    seed: 1,
    nowMs: () => performance.now() - beganMs,
    onMoment: (moment) => moments.push(moment),
    ...options,
  });
  t.teardown(() => traffic.close());
  const until = async (acknowledged: number): Promise<void> => {
    while (traffic.acknowledged.length < acknowledged) await delay(20);
  };
  return { traffic, until, moments };
}

/** None is wrong; those named must have seen enough to be sure. */
function holds(t: ExecutionContext, report: TrafficReport, sure: readonly string[]): void {
  t.is(report.lost, 0);
  for (const { check, answer, detail } of report.verdicts) {
    t.not(answer, 'no', `${check}: ${detail}`);
    if (sure.includes(check)) t.is(answer, 'yes', `${check}: ${detail}`);
  }
  for (const check of sure)
    t.true(
      report.verdicts.some((each) => each.check === check),
      check,
    );
}

const everywhere = ['acknowledged', 'final-keys', 'origin', 'revisions', 'history'];

test.serial('all parts hold over a leader that is killed', async (t) => {
  const target = localTarget(cluster);
  t.teardown(() => target.stop());
  const { traffic, until } = await startOn(t, target);
  await until(400);
  const leader = await target.leader();
  target.signal(leader, 'SIGKILL');
  await until(1600);
  await target.start(leader);
  await until(2000);
  await traffic.stop();
  const report = await traffic.check();
  holds(t, report, [...everywhere, 'linearizable', 'watch', 'digests', 'early']);
  t.deepEqual(
    report.verdicts.map(({ check }) => check).toSorted(),
    [
      ...everywhere,
      'bank',
      'compaction',
      'digests',
      'early',
      'lease',
      'linearizable',
      'list-append',
      'lock',
      'reads',
      'watch',
    ].toSorted(),
  );
  t.true(report.acknowledged >= traffic.acknowledged.length);
  t.true(traffic.samples.some((sample) => sample.acknowledged > 0));
});

test.serial('a long run is checked and forgotten piece by piece', async (t) => {
  const target = localTarget(cluster);
  t.teardown(() => target.stop());
  const { traffic, until } = await startOn(t, target, { parts: ['steady', 'registers', 'early'] });
  await using client = await connect({ endpoints: target.endpoints });
  const counting = { prefix: true, countOnly: true } as const;
  const { count: before } = await client.get('chaos/', counting);
  const policies = await client.policies();
  await until(1500);
  const first = await traffic.checkpoint();
  holds(t, first, [...everywhere, 'linearizable']);
  t.true(traffic.acknowledged.length < 1500);
  t.is((await client.policies()).length, policies.length, 'the policy of the window before is gone');
  await until(200);
  const second = await traffic.checkpoint();
  await until(200);
  await traffic.stop();
  const report = await traffic.check();
  t.true(first.acknowledged + second.acknowledged < report.acknowledged, 'each counts its own');
  holds(t, report, [...everywhere, 'linearizable']);
  t.regex(report.verdicts[0]?.detail ?? '', /3 of 3 windows/);
  const { count } = await client.get('chaos/', counting);
  t.true(
    count - before < report.acknowledged - first.acknowledged - second.acknowledged + 10,
    'keys of the window before are gone',
  );
});

test.serial('over the etcd API, without what it has not', async (t) => {
  const target = localTarget(cluster);
  t.teardown(() => target.stop());
  const { traffic, until, moments } = await startOn(t, target, { api: 'etcd' });
  t.deepEqual(traffic.leftOut, ['early']);
  t.regex(moments.map((moment) => (moment.kind === 'note' ? moment.text : '')).join(), /early/);
  await until(400);
  await traffic.stop();
  holds(t, await traffic.check(), everywhere);
});

test.serial('traffic that nobody knows is refused, with the names there are', async (t) => {
  const target = localTarget(cluster);
  t.teardown(() => target.stop());
  const error = await t.throwsAsync(startOn(t, target, { parts: ['steady', 'registres'] }));
  t.regex(error?.message ?? '', /registres.*registers/);
});
