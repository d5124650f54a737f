import { gaussian, seededRandom } from '../../../foundation/random.ts';
import type { ChangeHistory } from './histories.ts';
import { type RealChanges, realChanges } from './real-changes.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** The bundled ones. Where only the day is recorded, the moment within it is drawn: a job of 6 o'clock that takes some tens of minutes. */
export function realHistories(seed: number): readonly ChangeHistory[] {
  return realChanges.map((recorded) => {
    const changesMs = momentsOf(recorded, seed);
    return {
      name: recorded.name,
      source: recorded.unit === 'day' ? ('real days' as const) : ('real' as const),
      changesMs,
      fromMs: changesMs[0] ?? 0,
      untilMs: changesMs.at(-1) ?? 0,
    };
  });
}

function momentsOf({ name, unit, steps }: RealChanges, seed: number): number[] {
  const random = seededRandom(`${seed}/${name}`);
  let last = 0;
  return steps.split(' ').map((step) => {
    last += Number.parseInt(step, 36);
    return unit === 'second' ? last * 1000 : last * day + 6 * hour + Math.abs(gaussian(random)) * (hour / 3);
  });
}
