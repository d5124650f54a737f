import test, { type ExecutionContext } from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { activateMutant, type MutantName } from '../../../src/foundation/mutants.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import type { ReplicaSource } from '../../../src/ports/replication.ts';
import type { RangeResult } from '../../../src/ports/result.ts';
import { ColdReplica } from '../../../src/replication/cold/cold-replica.ts';
import type { ColdStore } from '../../../src/replication/cold/cold-store.ts';
import { heldSpaces } from '../../../src/replication/cold/keys.ts';
import { openColdStore } from '../../../src/replication/cold/open-cold-store.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../../src/simulator/world/sim-disk.ts';
import { allOf, Hot } from './hot.ts';

const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

interface Process {
  readonly life: Life;
  replica: ColdReplica | null;
  store: ColdStore | null;
}

/**
 * The production runtime on a simulated disk and clock: crashes of the process and the machine, power cuts, bits flipped in closed files, a full disk, failing reads and
 * syncs, streams that break, compactions at the source. Whatever is answered is what the hot replica was at that revision; in the end, after faults have stopped,
 * there is a fresh snapshot without trouble. What is wrong, or null.
 */
async function simulate(seed: number): Promise<string | null> {
  const random = seededRandom(seed);
  const scheduler = new Scheduler();
  const disk = new SimDisk(scheduler, random.fork('disk'));
  const hot = new Hot(`hot ${seed}`);
  const time = { originMs: 5, drift: 0, wallOffsetMs: 1e12 };
  /** By space and revision what the hot replica was. */
  const then = new Map<string, string>();
  let wrong: string | null = null;
  let calm = false;
  let running: Process | null = null;

  const note = async (): Promise<void> => {
    for (const space of heldSpaces) {
      const at = `${space} ${hot.state.revision(space)}`;
      if (!then.has(at)) then.set(at, JSON.stringify((await hot.read(allOf(space))).values, plain));
    }
  };
  const sourceFor = (life: Life, clock: ReturnType<typeof nodeClock>): ReplicaSource => ({
    id: nodeId('hot'),
    report: () => {},
    async *follow({ held }) {
      hot.between = () => {};
      for await (const part of hot.latest(held)) {
        await new Promise<void>((resolve) => clock.after(random.next() * 3, resolve));
        if (life.dead) return;
        if (!calm && random.chance(0.03)) throw new TanistError('unavailable', 'the source went away');
        if (!calm && random.chance(0.02)) return;
        yield part;
      }
    },
  });

  const start = (): void => {
    const process: Process = {
      life: new Life('cold', scheduler, (error) => {
        wrong ??= `it threw ${String(error)}`;
      }),
      replica: null,
      store: null,
    };
    running = process;
    const clock = nodeClock(scheduler, process.life, time, random.fork('clock'));
    const source = sourceFor(process.life, clock);
    const retention = { keep: 3, keepForMs: 0 };
    const opened = openColdStore(disk.port(process.life), { retention, wallMs: () => clock.wallMs() });
    void opened.then(
      (store) => {
        process.store = store;
        process.replica = new ColdReplica(
          {
            id: nodeId('cold'),
            everyMs: 200,
            retryMs: 20,
            reportMs: 50,
            scrub: { bytesPerSecond: 200_000, pauseMs: 400 },
          },
          {
            clock,
            nodeLog: silentLog,
            store,
            directory: {
              offers: async () => [{ source, leads: false, followers: 0, roundTripMs: 1 }],
            },
            vitals: () => ({ memoryUsed: 0, diskFree: 1 }),
            membersChanged: () => {},
            tidied: () => {},
            broken: () => crash(process, false),
          },
        );
        process.replica.start();
      },
      (error: unknown) => {
        if (!(error instanceof TanistError)) wrong ??= `opening failed: ${String(error)}`;
        crash(process, false);
      },
    );
  };
  const crash = (process: Process, power: boolean): void => {
    if (process.life.dead) return;
    process.life.end();
    disk.crash(power);
    running = null;
    if (!calm && random.chance(0.3)) disk.flipBit('cold');
    scheduler.after(10 + random.below(50), start);
  };
  const look = async (): Promise<void> => {
    const process = running;
    const store = process?.store ?? null;
    if (process === null || store === null || process.replica === null) return;
    const space = random.pick(heldSpaces);
    const snapshot = random.pick([...store.snapshots, null]);
    try {
      const read = await process.replica.read(allOf(space, snapshot?.revisions[space] ?? 0));
      const { revisions } = read.snapshot;
      const values = JSON.stringify((read.result as RangeResult).values, plain);
      if (values !== then.get(`${space} ${revisions[space]}`))
        wrong ??= `${space} at ${revisions[space]} of snapshot ${read.snapshot.number} is wrong`;
    } catch (error) {
      if (!(error instanceof TanistError)) wrong ??= `a read threw ${String(error)}`;
    }
  };

  await note();
  start();
  for (let at = 5; at < 6000; at += 5) {
    scheduler.at(at, () => {
      for (let n = random.below(3); n > 0; n--) hot.step();
      if (random.chance(0.01)) hot.compactTo('user', hot.state.revision('user') - random.below(5));
      if (random.chance(0.003)) hot.epoch++;
      void note();
    });
    scheduler.at(at + 1, () => void look());
    if (random.chance(0.015))
      scheduler.at(at + 2, () => running !== null && crash(running, random.chance(0.5)));
    if (random.chance(0.01)) {
      const fault = random.pick(['full', 'readErrors', 'failNextSync'] as const);
      scheduler.at(at + 3, () => {
        if (fault === 'readErrors') disk.weather.readErrors = 0.02;
        else disk.weather[fault] = true;
      });
      scheduler.at(at + 3 + random.below(200), () => {
        disk.weather.full = false;
        disk.weather.readErrors = 0;
        disk.weather.failNextSync = false;
      });
    }
  }
  await scheduler.run(
    6000,
    () => {},
    () => wrong !== null,
  );
  if (wrong !== null) return wrong;
  calm = true;
  Object.assign(disk.weather, { full: false, readErrors: 0, failNextSync: false });
  await note();
  // A whole scrub goes by meanwhile, too.
  await scheduler.run(
    9000,
    () => {},
    () => wrong !== null,
  );
  const { replica, store } = (running ?? {}) as Process;
  if (wrong !== null) return wrong;
  if (replica == null || store == null) return 'it is not running in the end';
  if (replica.trouble !== null) return `trouble in the end: ${replica.trouble}`;
  if (heldSpaces.some((space) => store.newest?.revisions[space] !== hot.state.revision(space)))
    return 'the newest snapshot is not of the end';
  for (let i = 0; i < 20; i++) {
    const looked = look();
    await scheduler.run(scheduler.nowMs + 50, () => {});
    await looked;
  }
  return wrong;
}

const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

test.serial('under random faults nothing wrong is served, and it comes back by itself', async (t) => {
  t.timeout(120_000);
  for (const seed of seeds) t.is(await simulate(seed), null, `seed ${seed}`);
});

async function isFound(t: ExecutionContext, mutant: MutantName): Promise<void> {
  activateMutant(mutant);
  try {
    for (const seed of seeds) {
      const found = await simulate(seed);
      if (found === null) continue;
      t.log(`${mutant}: seed ${seed}: ${found}`);
      t.pass();
      return;
    }
    t.fail(`${mutant} is not found`);
  } finally {
    activateMutant(null);
  }
}

for (const mutant of ['cold-row-checksum-ignored', 'cold-leftovers-kept', 'cold-merge-ahead'] as const)
  test.serial(`${mutant} is found`, (t) => isFound(t, mutant));
