import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { defaultColdOptions } from '../../../src/replication/cold/cold-options.ts';
import { ColdReplica } from '../../../src/replication/cold/cold-replica.ts';
import { openColdStore } from '../../../src/replication/cold/open-cold-store.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../../src/simulator/world/sim-disk.ts';

/** How a cold replica ends whose sources say this; null: it goes on. */
async function endOf(said: TanistError): Promise<string | null> {
  const scheduler = new Scheduler();
  const life = new Life('cold', scheduler, (error) => {
    throw error;
  });
  const time = { originMs: 5, drift: 0, wallOffsetMs: 1e12 };
  const clock = nodeClock(scheduler, life, time, seededRandom(1));
  const disk = new SimDisk(scheduler, seededRandom(2)).port(life);
  let ended: string | null = null;
  const retention = { keep: 3, keepForMs: 0 };
  void openColdStore(disk, { retention, wallMs: () => clock.wallMs() }).then((store) => {
    const replica = new ColdReplica(
      { ...defaultColdOptions, id: nodeId('cold'), everyMs: 200 },
      {
        clock,
        nodeLog: silentLog,
        store,
        directory: {
          offers: async () => [
            {
              source: {
                id: nodeId('hot'),
                report: () => {},
                // biome-ignore lint/correctness/useYield: it fails before it says anything
                async *follow() {
                  throw said;
                },
              },
              leads: false,
              followers: 0,
              roundTripMs: 1,
            },
          ],
        },
        vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
        membersChanged: () => {},
        tidied: () => {},
        broken: ({ code }) => {
          ended = code;
        },
      },
    );
    replica.start();
  });
  await scheduler.run(
    3000,
    () => {},
    () => ended !== null,
  );
  return ended;
}

test('a replica that was removed from the cluster ends; one that is refused for now does not', async (t) => {
  t.is(await endOf(new TanistError('member-removed', 'it is no member any more')), 'member-removed');
  t.is(await endOf(new TanistError('starting', 'not yet')), null);
});
