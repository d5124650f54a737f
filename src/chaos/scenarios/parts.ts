import type { Random } from '../../foundation/random.ts';
import type { Budget } from '../moment.ts';
import type { Claim, FaultHandle, ScenarioContext } from '../scenario.ts';
import type { Target } from '../target.ts';

/** Pieces that scripts are made of. */

export function hotIds(target: Target): readonly string[] {
  return target.members.filter(({ tier }) => tier === 'hot').map(({ id }) => id);
}

/** Evenly in the logarithm: as many short ones as long ones. */
export function drawMs(random: Random, fromMs: number, toMs: number): number {
  return Math.round(fromMs * (toMs / fromMs) ** random.next());
}

export type Role = 'leader' | 'heir' | 'follower' | 'any';

/** One hot member of this role, claimed. Whoever led when it was asked for may lead no more when it is ours: then it is asked again. */
export async function claimOne(
  context: ScenarioContext,
  role: Role,
  options?: { readonly destroys?: boolean },
): Promise<Claim & { readonly id: string }> {
  for (;;) {
    const id = await memberOf(context, role);
    const claim = await context.claim([id], options);
    if (role !== 'leader' || (await context.target.leader().catch(() => null)) === id)
      return { ...claim, id };
    claim.release();
    await context.pause(20);
  }
}

async function memberOf({ target, random }: ScenarioContext, role: Role): Promise<string> {
  if (role === 'any') return random.pick(hotIds(target));
  if (role === 'leader') return target.leader();
  const heirs = await target.heirs();
  const first = heirs[0];
  if (role === 'heir' && first !== undefined) return first;
  return random.pick(heirs.length > 0 ? heirs : hotIds(target));
}

/** Those of the members that ended are started, at the same time; the first failure is thrown when all are through. */
export async function bringBack(target: Target, ids: readonly string[]): Promise<void> {
  const ends = await Promise.allSettled(
    ids.map(async (id) => {
      await target.exited(id);
      await target.start(id);
    }),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

export interface Blow {
  readonly name: string;
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly budget?: Budget;
  readonly detail?: string;
}

/** The claimed members are taken down, and are back on their own data after `hold`, whatever happens. Releases the claim. */
export async function takenDown(
  context: ScenarioContext,
  claim: Claim,
  { name, signal, ...options }: Blow,
  hold: () => Promise<void>,
): Promise<void> {
  const { target } = context;
  const fault = context.began(name, claim.ids, options);
  try {
    for (const id of claim.ids) target.signal(id, signal);
    await hold();
  } finally {
    await bringBack(target, claim.ids);
    fault.healed();
    claim.release();
  }
}

/** What ails one member, and how it is well again. */
export interface Ailment {
  readonly name: string;
  readonly detail: string;
  readonly budget?: Budget;
  readonly hurt: (fault: FaultHandle) => Promise<void>;
  /** Whatever happens, also when `hurt` was stopped in its middle. */
  readonly cure: () => Promise<void>;
}

/** One member of this role ails, is cured, and the cluster recovers. `of`: what it ails from, drawn once it is known who it is. */
export async function afflicted(
  context: ScenarioContext,
  role: Role,
  of: (id: string) => Ailment,
  options?: { readonly destroys?: boolean },
): Promise<void> {
  const claim = await claimOne(context, role, options);
  const { name, hurt, cure, ...told } = of(claim.id);
  const fault = context.began(name, [claim.id], told);
  try {
    await hurt(fault);
  } finally {
    await cure();
    fault.healed();
    claim.release();
  }
  await recovery(context);
}

/** After a fault: writes work, the cluster is whole again, and the next one takes its time. */
export async function recovery(context: ScenarioContext, fromMs?: number, toMs?: number): Promise<void> {
  await context.writesWork();
  await context.recovered();
  await rest(context, fromMs, toMs);
}

/** Between two faults. */
export async function rest(context: ScenarioContext, fromMs = 300, toMs = 1500): Promise<void> {
  await context.pause(drawMs(context.random, fromMs, toMs));
}

/** Drawn, but not so long that a short run sees no second fault. */
export function holdMs(context: ScenarioContext, fromMs: number, toMs: number): number {
  const most = Math.max(fromMs, Math.min(toMs, context.remainingMs() / 3));
  return drawMs(context.random, fromMs, most);
}

/** Forever: the wait in it that ends with the run ends it. */
export async function again(step: () => Promise<void>): Promise<never> {
  for (;;) await step();
}
