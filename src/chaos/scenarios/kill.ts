import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, bringBack, claimOne, drawMs, hotIds, type Role, recovery, rest, takenDown } from './parts.ts';

/** SIGKILL: the process is gone between two instructions; what it had synced is there. */

async function killOne(context: ScenarioContext, role: Role): Promise<void> {
  const claim = await claimOne(context, role);
  const leads = role === 'leader' || (await context.target.leader().catch(() => null)) === claim.id;
  await takenDown(
    context,
    claim,
    { name: `kill ${role}`, signal: 'SIGKILL', ...(leads ? { budget: 'kill' } : {}) },
    async () => {
      await context.writesWork();
      await rest(context, 100, 1000);
    },
  );
  await context.recovered();
  await rest(context);
}

async function killAll(context: ScenarioContext): Promise<void> {
  const claim = await context.claim(context.target.members.map(({ id }) => id));
  await takenDown(context, claim, { name: 'kill all', signal: 'SIGKILL' }, () => rest(context, 50, 500));
  await recovery(context, 1000, 3000);
}

/** Kills as soon as writes work: the killed come back while others go down. */
async function killInLoop(context: ScenarioContext): Promise<void> {
  const claim = await claimOne(context, 'leader');
  await takenDown(context, claim, { name: 'kill leader', signal: 'SIGKILL', budget: 'kill' }, () =>
    context.writesWork(),
  );
  await context.writesWork();
  await rest(context, 50, 300);
}

/** A follower without data is fed by a snapshot; it, or its source, dies meanwhile. */
async function killDuringSnapshot(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const claim = await claimOne(context, 'heir', { destroys: true });
  const { id } = claim;
  const fault = context.began('kill during snapshot', [id], {
    detail: 'its data is removed, it is fed anew',
  });
  try {
    target.signal(id, 'SIGKILL');
    await target.exited(id);
    await target.disk.remove(id);
    const starting = target.start(id).catch(() => undefined);
    await context.pause(drawMs(random, 100, 2000));
    target.signal(id, 'SIGKILL');
    await starting;
  } finally {
    target.signal(id, 'SIGKILL');
    await bringBack(target, [id]);
    fault.healed();
    claim.release();
  }
  await context.recovered();
  await rest(context);
}

/** The leader hands over, and it or its heir dies within those few milliseconds. */
async function killDuringHandOver(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const leader = await target.leader();
  const heir = (await target.heirs())[0];
  const victim = heir === undefined || random.chance(0.5) ? leader : heir;
  const claim = await context.claim([victim]);
  const handOver = context.began('hand-over', heir === undefined ? [leader] : [leader, heir]);
  const transfer = target
    .transfer(heir)
    .catch(() => undefined)
    .finally(() => handOver.healed());
  await context.pause(random.next() * 5);
  await takenDown(context, claim, { name: 'kill during hand-over', signal: 'SIGKILL' }, async () => {
    await transfer;
    await context.writesWork();
    await rest(context, 100, 500);
  });
  await context.recovered();
  await rest(context);
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

export const killScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'kill-leader',
    description: 'SIGKILL to the leader under load; it comes back on its own data',
    sets: ['all', 'quick'],
    run: (context) => again(() => killOne(context, 'leader')),
  },
  {
    ...common,
    name: 'kill-heir',
    description: 'SIGKILL to the first heir',
    run: (context) => again(() => killOne(context, 'heir')),
  },
  {
    ...common,
    name: 'kill-random',
    description: 'SIGKILL to any voter',
    run: (context) => again(() => killOne(context, 'any')),
  },
  {
    ...common,
    name: 'kill-all',
    description: 'SIGKILL to every member at once; they start again together',
    sets: ['all', 'quick'],
    run: (context) => again(() => killAll(context)),
  },
  {
    ...common,
    name: 'kill-loop',
    description: 'one leader after the other, as soon as writes work again',
    run: (context) => again(() => killInLoop(context)),
  },
  {
    ...common,
    name: 'kill-during-snapshot',
    description: 'a follower that is fed by a snapshot dies meanwhile',
    run: (context) => again(() => killDuringSnapshot(context)),
  },
  {
    ...common,
    name: 'kill-during-hand-over',
    description: 'the leader or its heir dies while leadership is handed over',
    run: (context) => again(() => killDuringHandOver(context)),
  },
  {
    ...common,
    name: 'kill-majority',
    description: 'SIGKILL to a majority of the voters: writes wait until it is back, nothing is lost',
    run: (context) =>
      again(async () => {
        const ids = hotIds(context.target);
        const claim = await context.claim(ids.slice(0, (ids.length >> 1) + 1));
        await takenDown(context, claim, { name: 'kill majority', signal: 'SIGKILL' }, () =>
          rest(context, 200, 2000),
        );
        await recovery(context);
      }),
  },
];
