import { shuffled } from '../../foundation/random.ts';
import type { Budget } from '../moment.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, claimOne, drawMs, holdMs, hotIds, recovery } from './parts.ts';

/** Links that are cut: nothing gets through, and nobody is told. Clients reach all members throughout. */

/** [from, to]: what the first sends does not reach the second. */
type Cut = readonly [from: string, to: string];

interface Partition {
  readonly name: string;
  readonly on: readonly string[];
  readonly cuts: readonly Cut[];
  readonly detail: string;
  readonly budget?: Budget;
}

function bothWays(left: readonly string[], right: readonly string[]): readonly Cut[] {
  return left.flatMap((a) =>
    right.flatMap((b): Cut[] => [
      [a, b],
      [b, a],
    ]),
  );
}

function others(context: ScenarioContext, ids: readonly string[]): readonly string[] {
  return context.target.members.map(({ id }) => id).filter((id) => !ids.includes(id));
}

async function parted(
  context: ScenarioContext,
  { name, on, cuts, ...options }: Partition,
  forMs: number,
): Promise<void> {
  const { links } = context.target;
  const fault = context.began(name, on, options);
  try {
    await Promise.all(cuts.map(([from, to]) => links.shape(from, to, { cut: true })));
    await context.pause(forMs);
  } finally {
    await links.heal();
    fault.healed();
  }
}

/** In turn: a partition, and that all is well again after it. */
function partitions(draw: (context: ScenarioContext) => Promise<Partition>): Scenario['run'] {
  return (context) =>
    again(async () => {
      await parted(context, await draw(context), holdMs(context, 700, 10_000));
      await recovery(context);
    });
}

async function leaderAlone(context: ScenarioContext): Promise<Partition> {
  const leader = await context.target.leader();
  return {
    name: 'partition leader',
    on: [leader],
    cuts: bothWays([leader], others(context, [leader])),
    detail: `${leader} alone`,
    budget: 'freeze',
  };
}

/** The smaller half of the voters, with the leader in it or not. */
async function halves(context: ScenarioContext): Promise<Partition> {
  const leader = await context.target.leader();
  const ids = shuffled(context.random, hotIds(context.target));
  const few = ids.slice(0, (ids.length - 1) >> 1);
  const rest = others(context, few);
  return {
    name: 'partition halves',
    on: few,
    cuts: bothWays(few, rest),
    detail: `${few.join(' ')} | ${rest.join(' ')}`,
    ...(few.includes(leader) ? { budget: 'freeze' } : {}),
  };
}

/** The leader speaks and does not hear, or hears and does not speak. */
async function oneWay(context: ScenarioContext): Promise<Partition> {
  const leader = await context.target.leader();
  const speaks = context.random.chance(0.5);
  const rest = others(context, [leader]);
  return {
    name: 'partition one-way',
    on: [leader],
    cuts: rest.map((other): Cut => (speaks ? [other, leader] : [leader, other])),
    detail: speaks ? `${leader} hears nobody` : `nobody hears ${leader}`,
    ...(speaks ? {} : { budget: 'freeze' }),
  };
}

/** Two groups that only one member connects. */
async function bridge(context: ScenarioContext): Promise<Partition> {
  const [middle, ...rest] = shuffled(context.random, hotIds(context.target));
  const half = rest.length >> 1;
  const [left, right] = [rest.slice(0, half), rest.slice(half)];
  return {
    name: 'partition bridge',
    on: [...left, ...right],
    cuts: bothWays(left, right),
    detail: `${left.join(' ')} – ${middle} – ${right.join(' ')}`,
  };
}

/** Each reaches its two neighbours alone: a majority of its own for each, and no two alike. */
async function ring(context: ScenarioContext): Promise<Partition> {
  const ids = shuffled(context.random, hotIds(context.target));
  const cuts = ids.flatMap((a, i) =>
    ids.flatMap((b, j): Cut[] => {
      const apart = Math.abs(i - j);
      return apart > 1 && apart < ids.length - 1 ? [[a, b]] : [];
    }),
  );
  return { name: 'partition ring', on: ids, cuts, detail: ids.join(' – ') };
}

/** The leader is cut off and back, many times a second or so. */
async function flapping(context: ScenarioContext): Promise<void> {
  const { links } = context.target;
  const claim = await claimOne(context, 'leader');
  const cuts = bothWays([claim.id], others(context, [claim.id]));
  const fault = context.began('partition flapping', [claim.id]);
  try {
    for (let times = 4 + context.random.below(12); times > 0; times--) {
      await Promise.all(cuts.map(([from, to]) => links.shape(from, to, { cut: true })));
      await context.pause(drawMs(context.random, 20, 600));
      await links.heal();
      await context.pause(drawMs(context.random, 20, 600));
    }
  } finally {
    await links.heal();
    fault.healed();
    claim.release();
  }
  await recovery(context);
}

/** Of each kind in turn, for about as long as a leader takes to be replaced, then the next one: as many of each as a fifth of `--count`. */
async function inLoop(context: ScenarioContext): Promise<never> {
  const kinds = [leaderAlone, halves, oneWay, bridge];
  for (let turn = 0; ; turn = (turn + 1) % (kinds.length + 1)) {
    const draw = kinds[turn];
    if (draw === undefined) {
      await flapping(context);
      continue;
    }
    await parted(context, await draw(context), drawMs(context.random, 500, 900));
    await recovery(context, 100, 400);
  }
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

export const partitionScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'partition-leader',
    description: 'the leader reaches no other member, nor they it',
    sets: ['all', 'quick'],
    run: partitions(leaderAlone),
  },
  {
    ...common,
    name: 'partition-halves',
    description: 'a minority of the voters apart from the majority',
    run: partitions(halves),
  },
  {
    ...common,
    name: 'partition-oneway',
    description: 'the leader is heard by nobody, or hears nobody',
    sets: ['all', 'quick'],
    run: partitions(oneWay),
  },
  {
    ...common,
    name: 'partition-bridge',
    description: 'two groups that one member alone connects',
    run: partitions(bridge),
  },
  {
    ...common,
    name: 'partition-ring',
    description: 'each of five voters reaches its two neighbours alone',
    needs: ['five-hot'],
    hot: 5,
    run: partitions(ring),
  },
  {
    ...common,
    name: 'partition-flapping',
    description: 'the leader is cut off and back, many times in a row',
    run: (context) => again(() => flapping(context)),
  },
  {
    ...common,
    name: 'partition-loop',
    description: 'one partition after the other, of each kind in turn',
    run: inLoop,
  },
];
