import { messageOf } from '../run/heal.ts';
import { type Scenario, type ScenarioContext, Stopped } from '../scenario.ts';
import { again, claimOne, hotIds, rest, takenDown } from './parts.ts';

/** What operators do on purpose: stop, hand over, restart one after the other. */

async function stopLeader(context: ScenarioContext): Promise<void> {
  const claim = await claimOne(context, 'leader');
  await takenDown(
    context,
    claim,
    { name: 'stop leader', signal: 'SIGTERM', budget: 'hand-over' },
    async () => {
      await context.target.exited(claim.id);
      await context.writesWork();
      await rest(context, 100, 500);
    },
  );
  await context.recovered();
  await rest(context);
}

/** The leader is asked to hand over, to its first heir or to whom chance says. */
async function transfer(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const leader = await target.leader();
  const heirs = await target.heirs();
  const to = heirs.length > 0 && random.chance(0.5) ? random.pick(heirs) : undefined;
  const fault = context.began('hand-over', [leader], {
    detail: to === undefined ? 'to the first heir' : `to ${to}`,
    budget: 'hand-over',
  });
  try {
    await target.transfer(to);
  } catch (error) {
    if (error instanceof Stopped) throw error;
    fault.undone(`refused: ${messageOf(error)}`);
  } finally {
    fault.healed();
  }
  await context.writesWork();
  await rest(context, 200, 800);
}

async function rollingRestart(context: ScenarioContext): Promise<void> {
  const { target } = context;
  const leader = await target.leader();
  // The leader last, as an operator would do it: one hand-over for all of them.
  const ids = [...target.members.map(({ id }) => id).filter((id) => id !== leader), leader];
  for (const id of ids) {
    const claim = await context.claim([id]);
    const leads = (await target.leader().catch(() => null)) === id;
    await takenDown(
      context,
      claim,
      { name: 'restart', signal: 'SIGTERM', ...(leads ? { budget: 'hand-over' } : {}) },
      () => context.target.exited(id),
    );
    await context.recovered();
    await rest(context, 100, 300);
  }
  await rest(context);
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

export const orderlyScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'stop-leader',
    description: 'SIGTERM to the leader: it hands over and goes',
    run: (context) => again(() => stopLeader(context)),
  },
  {
    ...common,
    name: 'transfer',
    description: 'leadership is handed over, again and again',
    sets: ['all', 'quick'],
    run: (context) => again(() => transfer(context)),
  },
  {
    ...common,
    name: 'rolling-restart',
    description: 'every member is restarted, one after the other, the leader last',
    run: (context) => again(() => rollingRestart(context)),
  },
  {
    ...common,
    name: 'calm',
    description: 'no fault at all: no election may happen',
    run: (context) =>
      again(async () => {
        await context.pause(1000);
        if (hotIds(context.target).length === 0) return;
        await context.writesWork();
      }),
  },
];
