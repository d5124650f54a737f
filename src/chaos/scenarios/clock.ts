import type { Scenario, ScenarioContext } from '../scenario.ts';
import { afflicted, again, bringBack, rest } from './parts.ts';

/** Wall clocks that are wrong: of a member that is started under one, and started again under the right one. */

interface Clock {
  readonly offsetMs: number;
  readonly rate: number;
}

function wrongClock(context: ScenarioContext, name: string, clock: Clock, detail: string): Promise<void> {
  const { target } = context;
  return afflicted(context, 'heir', (id) => ({
    name,
    detail,
    hurt: async () => {
      target.signal(id, 'SIGTERM');
      await target.exited(id);
      await target.start(id, clock);
      await context.recovered();
      // With its clock it leads, and stamps cluster time.
      await target
        .transfer(id)
        .catch((error: unknown) => context.note(`hand-over to ${id}: ${String(error)}`));
      await rest(context, 2000, 6000);
    },
    cure: async () => {
      target.signal(id, 'SIGTERM');
      await bringBack(target, [id]);
    },
  }));
}

const offsetsMs = [-86_400_000, -3_600_000, -5000, -300, 300, 5000, 3_600_000, 86_400_000];
const rates = [0.5, 0.9, 0.99, 1.01, 1.1, 2];

const common = { needs: ['clock'], hot: 3, sets: ['all'] } as const;

export const clockScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'clock-offset',
    description: 'a node, then the leader, whose wall clock is off by up to a day',
    run: (context) =>
      again(() => {
        const offsetMs = context.random.pick(offsetsMs);
        return wrongClock(context, 'clock offset', { offsetMs, rate: 1 }, `${offsetMs / 1000} s`);
      }),
  },
  {
    ...common,
    name: 'clock-drift',
    description: 'a node, then the leader, whose wall clock runs at 0.5 to 2 times the pace',
    run: (context) =>
      again(() => {
        const rate = context.random.pick(rates);
        return wrongClock(context, 'clock drift', { offsetMs: 0, rate }, `× ${rate}`);
      }),
  },
];
