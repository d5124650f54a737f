import type { ChangeHistory } from '../../src/cli/bench/mirrors/histories.ts';
import type { Random } from '../../src/foundation/random.ts';

/** One change in each of so many periods, at the same place of it but for `jitter` of a period. */
export function clockwork(random: Random, periodMs: number, periods: number, jitter: number): ChangeHistory {
  return {
    name: 'x',
    source: 'generated',
    changesMs: Array.from({ length: periods }, (_, i) => (i + 0.37 + jitter * random.next()) * periodMs),
    fromMs: 0,
    untilMs: periods * periodMs,
  };
}
