import test from 'ava';
import { servedCold } from '../../../src/api/replication/served-cold.ts';
import { nodeId, type Revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { bySpace } from '../../../src/ports/delta.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import type { Revisions, StreamPart } from '../../../src/ports/replication.ts';
import { defaultColdOptions } from '../../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../../src/replication/cold/cold-replica.ts';
import { openColdStore } from '../../../src/replication/cold/open-cold-store.ts';
import { latestParts, openMark } from '../../../src/replication/source/latest-parts.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../../src/simulator/world/sim-disk.ts';
import { put } from '../../state/commands.ts';
import { Hot } from './hot.ts';

const everyMs = 60_000;
const marksEveryMs = 1000;

/** A cold replica of one follower, whose leader is `ahead` of it. */
async function following(hot: Hot, ahead: () => number) {
  const scheduler = new Scheduler();
  const life = new Life('cold', scheduler, (error) => {
    throw error;
  });
  const time = { originMs: 5, drift: 0, wallOffsetMs: 1e12 };
  const clock = nodeClock(scheduler, life, time, seededRandom(1));
  const disk = new SimDisk(scheduler, seededRandom(2)).port(life);
  const leaderRevisions = (): Revisions =>
    bySpace((space) => (hot.state.revision(space) + (space === 'user' ? ahead() : 0)) as Revision);
  const source = { ...hot.source(), leaderRevisions };
  let replica: ColdReplica | null = null;
  const follow = async function* (held: Parameters<typeof latestParts>[1]): AsyncGenerator<StreamPart> {
    yield* latestParts(source, held);
    for (;;) {
      await new Promise<void>((resolve) => clock.after(marksEveryMs, resolve));
      yield openMark(source);
    }
  };
  const retention = { keep: 3, keepForMs: 0 };
  void openColdStore(disk, { retention, wallMs: () => clock.wallMs() }).then((store) => {
    replica = new ColdReplica(
      { ...defaultColdOptions, id: nodeId('cold'), everyMs },
      {
        clock,
        nodeLog: silentLog,
        store,
        directory: {
          offers: async () => [
            {
              source: { id: nodeId('hot'), report: () => {}, follow: ({ held }) => follow(held) },
              leads: false,
              followers: 0,
              roundTripMs: 1,
            },
          ],
        },
        vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
        membersChanged: () => {},
        tidied: () => {},
        broken: () => {},
      },
    );
    replica.start();
  });
  const run = (untilMs: number): Promise<void> =>
    scheduler.run(
      untilMs,
      () => {},
      () => false,
    );
  await run(1000);
  if (replica === null) throw new Error('it does not start');
  return { replica: replica as ColdReplica, run, wallMs: () => clock.wallMs() };
}

test('a snapshot of a source that lagged itself is behind the leader, and as old as what that source had', async (t) => {
  const hot = new Hot();
  hot.apply(put('a', '1'));
  const { replica, wallMs } = await following(hot, () => 7);
  t.is(replica.report().lagRevisions, 7);
  const gauges = servedCold(replica, defaultRequestLimits).gauges();
  t.is(gauges.lagRevisions, 7, 'and so say its metrics');
  t.is(replica.ageMs, wallMs() - hot.state.timeMs);
  t.true(replica.ageMs > 1e9);
});

test('between two snapshots it hears how far the leader is, and that a source which has nothing new may lag', async (t) => {
  const hot = new Hot();
  hot.apply(put('a', '1'));
  let ahead = 0;
  const { replica, run } = await following(hot, () => ahead);
  t.is(replica.report().lagRevisions, 0);
  t.true(replica.ageMs < 2 * marksEveryMs);
  for (let i = 0; i < 5; i++) hot.apply(put('a', `${i}`));
  await run(5000);
  t.is(replica.report().lagRevisions, 5, 'what its source has applied since');
  ahead = 3;
  await run(8000);
  t.is(replica.report().lagRevisions, 8, 'and its leader');
  await run(everyMs + 5000);
  t.is(replica.report().lagRevisions, 3, 'the next snapshot has the five');
  const freshMs = replica.ageMs;
  await run(2 * everyMs + 5000);
  t.is(replica.snapshots.length, 2, 'the source has nothing new');
  t.true(replica.ageMs >= freshMs + everyMs - marksEveryMs, 'and cannot vouch that there is nothing');
  for (let i = 0; i < 3; i++) hot.apply(put('a', `${i}`));
  ahead = 0;
  await run(3 * everyMs + 5000);
  t.is(replica.report().lagRevisions, 0);
  t.true(replica.ageMs <= everyMs / 2, 'it is level again');
});
