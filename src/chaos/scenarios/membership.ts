import { connect, type TanistClient } from '../../client/index.ts';
import { TanistError } from '../../foundation/errors.ts';
import { nodeId } from '../../foundation/ids.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, claimOne, hotIds, rest, takenDown } from './parts.ts';

/** Changes of who votes, under load, and with a death in the middle. */

const askEveryMs = 100;

async function withClient(
  context: ScenarioContext,
  act: (client: TanistClient) => Promise<void>,
): Promise<void> {
  const client = await connect({ endpoints: context.target.endpoints });
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

/** Tried until it is done; a change that another one is in the way of is tried again. */
async function insistently(context: ScenarioContext, act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (!(error instanceof TanistError)) throw error;
      if (error.code === 'already-in-tier') return;
      if (!error.retryable && !error.indeterminate && error.code !== 'deadline-exceeded') throw error;
    }
    await context.pause(askEveryMs);
  }
}

/** The member is hot and votes, or is not; returns when the cluster says so. */
async function changeTier(
  context: ScenarioContext,
  client: TanistClient,
  id: string,
  to: 'hot' | 'warm',
): Promise<void> {
  await insistently(context, () => client.changeMember({ kind: 'tier', id: nodeId(id), to }));
  for (;;) {
    const { members } = await client.memberList().catch(() => ({ members: [] }));
    const member = members.find((candidate) => candidate.id === id);
    if (member !== undefined && member.voter === (to === 'hot')) return;
    await context.pause(askEveryMs);
  }
}

/** Undone whatever happens: the next one finds the cluster as it was. Its own waits may not end with the run, so it asks a few times at most. */
async function backAgain(client: TanistClient, id: string, to: 'hot' | 'warm'): Promise<void> {
  for (let attempts = 0; attempts < 100; attempts++) {
    try {
      await client.changeMember({ kind: 'tier', id: nodeId(id), to });
      return;
    } catch (error) {
      if (error instanceof TanistError && error.code === 'already-in-tier') return;
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    }
  }
}

/** Who is warm now, whatever it was at the start: the leader may have put it in the place of a voter that was lost. Null: nobody, or it is on its way. */
async function warmNow(client: TanistClient): Promise<string | null> {
  const { members } = await client.memberList();
  return members.find(({ tier, wanted }) => tier === 'warm' && (wanted ?? null) === null)?.id ?? null;
}

async function promoteWarm(context: ScenarioContext, withDeath: boolean): Promise<void> {
  await withClient(context, async (client) => {
    const id = await warmNow(client).catch(() => null);
    if (id === null) {
      await rest(context);
      return;
    }
    const fault = context.began('promote', [id], { detail: 'warm to hot' });
    try {
      const promoted = changeTier(context, client, id, 'hot');
      promoted.catch(() => undefined);
      if (withDeath) await leaderDies(context);
      await promoted;
      await rest(context);
    } finally {
      await backAgain(client, id, 'warm');
      fault.healed();
    }
    await context.recovered();
    await rest(context);
  });
}

async function leaderDies(context: ScenarioContext): Promise<void> {
  await rest(context, 10, 300);
  const claim = await claimOne(context, 'leader');
  await takenDown(context, claim, { name: 'kill leader', signal: 'SIGKILL', budget: 'kill' }, () =>
    context.writesWork(),
  );
}

/** A voter becomes warm and a voter again. */
async function swap(context: ScenarioContext): Promise<void> {
  const { target, random } = context;
  const leader = await target.leader();
  const id = random.pick(hotIds(target).filter((candidate) => candidate !== leader));
  await withClient(context, async (client) => {
    const fault = context.began('change of members', [id], { detail: 'hot to warm and back' });
    try {
      await changeTier(context, client, id, 'warm');
      await rest(context, 100, 1000);
      await changeTier(context, client, id, 'hot');
    } finally {
      await backAgain(client, id, 'hot');
      fault.healed();
    }
    await context.recovered();
    await rest(context);
  });
}

/** Tiers stay as the scenario sets them: the leader does not decide otherwise meanwhile. */
const common = { hot: 3, sets: ['all'] } as const;

export const membershipScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'membership-change',
    description: 'a voter leaves the quorum and comes back, under load',
    needs: ['tanist', 'five-hot'],
    hot: 5,
    run: (context) => again(() => swap(context)),
  },
  {
    ...common,
    name: 'tier-promotion',
    description: 'a warm replica becomes hot under load, and warm again',
    needs: ['tanist', 'warm-member'],
    warm: 1,
    run: (context) => again(() => promoteWarm(context, false)),
  },
  {
    ...common,
    name: 'tier-promotion-kill',
    description: 'the leader dies while a warm replica becomes hot',
    needs: ['tanist', 'warm-member'],
    warm: 1,
    run: (context) => again(() => promoteWarm(context, true)),
  },
];
