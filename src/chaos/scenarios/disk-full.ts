import type { Scenario, ScenarioContext } from '../scenario.ts';
import { afflicted, again, bringBack, drawMs, rest } from './parts.ts';

/** The file system of one member is full, and has room again; a member that ended of it is started. */
async function full(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  await afflicted(context, random.chance(0.5) ? 'leader' : 'follower', (id) => ({
    name: 'disk full',
    detail: 'not one block left',
    hurt: async () => {
      await target.disk.fill(id, 0);
      await rest(context, 1500, 6000);
    },
    cure: async () => {
      await target.disk.fill(id, null);
      if (target.pid(id) === null) await bringBack(target, [id]);
    },
  }));
}

/** The disk says that it is nearly full: writes are refused before it is. */
async function reported(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const diskBytes = 64 * 1024 ** 3;
  await afflicted(context, random.chance(0.5) ? 'leader' : 'follower', (id) => ({
    name: 'disk reported full',
    detail: '0 bytes free, it is said',
    hurt: async () => {
      target.fault(id, { kind: 'disk', freeBytes: 0, diskBytes });
      await context.pause(drawMs(random, 1500, 5000));
    },
    cure: async () => target.fault(id, { kind: 'disk', freeBytes: diskBytes / 2, diskBytes }),
  }));
}

export const diskFullScenarios: readonly Scenario[] = [
  {
    name: 'disk-full',
    description: 'the file system of a node has no block left, then has room again',
    needs: ['small-disk'],
    smallDisk: true,
    hot: 3,
    sets: ['all'],
    run: (context) => again(() => full(context)),
  },
  {
    name: 'disk-reported-full',
    description: 'a node hears that its disk is full, then that it is not',
    needs: ['fault-layer'],
    hot: 3,
    sets: ['all'],
    run: (context) => again(() => reported(context)),
  },
];
