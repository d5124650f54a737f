import type { Scenario, ScenarioContext } from '../scenario.ts';
import type { Shape } from '../target.ts';
import { again, holdMs, recovery } from './parts.ts';

/** Links that are bad, not gone. */

async function shaped(
  context: ScenarioContext,
  name: string,
  detail: string,
  shapeOf: (from: string, to: string) => Shape | null,
): Promise<void> {
  const { links, members } = context.target;
  const fault = context.began(name, [], { detail });
  try {
    const shapes = members.flatMap((from) =>
      members.map(async (to) => {
        const shape = from.id === to.id ? null : shapeOf(from.id, to.id);
        if (shape !== null) await links.shape(from.id, to.id, shape);
      }),
    );
    await Promise.all(shapes);
    await context.pause(holdMs(context, 3000, 20_000));
  } finally {
    await links.heal();
    fault.healed();
  }
  await recovery(context);
}

const common = { needs: [], hot: 3, sets: ['all'] } as const;

export const networkScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'network-delay',
    description: 'every packet takes 75 ± 50 ms, as between continents',
    wanted: ['delay'],
    run: (context) =>
      again(() => shaped(context, 'delay', '75 ± 50 ms', () => ({ delayMs: 75, jitterMs: 50 }))),
  },
  {
    ...common,
    name: 'network-loss',
    description: 'half of all packets are lost',
    needs: ['packet-loss'],
    run: (context) => again(() => shaped(context, 'loss', '50 %', () => ({ loss: 0.5 }))),
  },
  {
    ...common,
    name: 'network-bandwidth',
    description: 'links that carry 256 KiB a second',
    wanted: ['bandwidth'],
    run: (context) =>
      again(() => shaped(context, 'bandwidth', '256 KiB a second', () => ({ bytesPerSecond: 262_144 }))),
  },
  {
    ...common,
    name: 'network-slow-leader',
    description: 'all that the leader sends and gets takes 200 ms longer',
    wanted: ['delay'],
    run: (context) =>
      again(async () => {
        const leader = await context.target.leader();
        await shaped(context, 'slow leader', `${leader}: 200 ms each way`, (from, to) =>
          from === leader || to === leader ? { delayMs: 200, jitterMs: 20 } : null,
        );
      }),
  },
];
