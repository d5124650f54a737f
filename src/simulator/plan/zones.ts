import type { Random } from '../../foundation/random.ts';

/** One way between places, ms: by the place that it comes from, then by the one that it goes to. */
export type ZoneDelays = readonly (readonly number[])[];

export const zoneLabel = 'zone';

/** Nothing within a place; between two about the same both ways. */
export function drawDelays(random: Random, places: number): ZoneDelays {
  const base = Array.from({ length: places }, () =>
    Array.from({ length: places }, () => random.pick([0.2, 2, 8, 25])),
  );
  return base.map((row, from) =>
    row.map((_, to) => {
      if (from === to) return 0;
      const both = (from < to ? base[from]?.[to] : base[to]?.[from]) ?? 0;
      return both * (0.9 + 0.2 * random.next());
    }),
  );
}
