import type { Claim, Scenario, ScenarioContext } from '../scenario.ts';
import { again, claimOne, holdMs, hotIds, type Role, rest } from './parts.ts';

/** SIGSTOP: its sockets stay open and nothing answers; then it wakes and believes what it knew. */

const shortestMs = 100;
const longestMs = 30_000;
/** A leader that is stopped for less than it takes to notice loses nothing but that time. */
const noticedMs = 400;

async function frozen(context: ScenarioContext, claim: Claim, name: string, leads: boolean): Promise<void> {
  const { target } = context;
  const forMs = holdMs(context, shortestMs, longestMs);
  const fault = context.began(name, claim.ids, {
    detail: `for ${forMs} ms`,
    ...(leads && forMs >= noticedMs ? { budget: 'freeze' } : {}),
  });
  try {
    for (const id of claim.ids) target.signal(id, 'SIGSTOP');
    await context.pause(forMs);
  } finally {
    for (const id of claim.ids) target.signal(id, 'SIGCONT');
    fault.healed();
    claim.release();
  }
  await context.recovered();
  await rest(context);
}

async function freezeOne(context: ScenarioContext, role: Role): Promise<void> {
  const claim = await claimOne(context, role);
  const leads = role === 'leader' || (await context.target.leader().catch(() => null)) === claim.id;
  await frozen(context, claim, `freeze ${role}`, leads);
}

async function freezeInLoop(context: ScenarioContext): Promise<void> {
  const { target } = context;
  const claim = await claimOne(context, 'leader');
  const fault = context.began('freeze leader', claim.ids, { budget: 'freeze' });
  try {
    target.signal(claim.id, 'SIGSTOP');
    await context.writesWork();
    await rest(context, 200, 600);
  } finally {
    target.signal(claim.id, 'SIGCONT');
    fault.healed();
    claim.release();
  }
  await context.recovered();
  await rest(context, 100, 400);
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

export const freezeScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'freeze-leader',
    description: 'SIGSTOP to the leader for 0.1 to 30 s, then SIGCONT',
    sets: ['all', 'quick'],
    run: (context) => again(() => freezeOne(context, 'leader')),
  },
  {
    ...common,
    name: 'freeze-heir',
    description: 'SIGSTOP to the first heir for 0.1 to 30 s',
    run: (context) => again(() => freezeOne(context, 'heir')),
  },
  {
    ...common,
    name: 'freeze-random',
    description: 'SIGSTOP to any voter for 0.1 to 30 s',
    run: (context) => again(() => freezeOne(context, 'any')),
  },
  {
    ...common,
    name: 'freeze-loop',
    description: 'one leader after the other is stopped until another one serves',
    run: (context) => again(() => freezeInLoop(context)),
  },
  {
    ...common,
    name: 'freeze-all',
    description: 'all voters stop at once, as of a machine that is suspended, and wake together',
    run: (context) =>
      again(async () => frozen(context, await context.claim(hotIds(context.target)), 'freeze all', false)),
  },
];
