import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, bringBack, claimOne, drawMs, rest } from './parts.ts';

/** The file system of one member is full, and has room again; a member that ended of it is started. */
async function full(context: ScenarioContext): Promise<void> {
  const { target } = context;
  const claim = await claimOne(context, context.random.chance(0.5) ? 'leader' : 'follower');
  const { id } = claim;
  const fault = context.began('disk full', [id], { detail: 'not one block left' });
  try {
    await target.disk.fill(id, 0);
    await rest(context, 1500, 6000);
  } finally {
    await target.disk.fill(id, null);
    if (target.pid(id) === null) await bringBack(target, [id]);
    fault.healed();
    claim.release();
  }
  await context.writesWork();
  await context.recovered();
  await rest(context);
}

/** The disk says that it is nearly full: writes are refused before it is. */
async function reported(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const claim = await claimOne(context, random.chance(0.5) ? 'leader' : 'follower');
  const { id } = claim;
  const diskBytes = 64 * 1024 ** 3;
  const fault = context.began('disk reported full', [id], { detail: '0 bytes free, it is said' });
  try {
    target.fault(id, { kind: 'disk', freeBytes: 0, diskBytes });
    await context.pause(drawMs(random, 1500, 5000));
  } finally {
    target.fault(id, { kind: 'disk', freeBytes: diskBytes / 2, diskBytes });
    fault.healed();
    claim.release();
  }
  await context.writesWork();
  await context.recovered();
  await rest(context);
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
