import { type BenchTiersOptions, type TierMeasurement, tierMeasurements } from '../options.ts';
import type { Part } from '../parts/part.ts';
import { runParts } from '../parts/run-parts.ts';
import { measureBytes } from './bytes.ts';
import { measureCold } from './cold.ts';
import { measureFailover } from './failover.ts';
import { measureFlips } from './flip.ts';
import { measureLag } from './lag.ts';
import { measurePromotion } from './promote.ts';
import { measureReplacement } from './replace.ts';

const measures: Readonly<Record<TierMeasurement, Part<BenchTiersOptions>>> = {
  bytes: { about: 'what a warm replica receives and holds against a hot one', run: measureBytes },
  cold: { about: 'what a cold replica holds in memory, and what a catch-up transfers', run: measureCold },
  lag: { about: 'how late a warm replica is, and what it costs the leader', run: measureLag },
  promote: { about: 'a warm replica becomes a voter under load', run: measurePromotion },
  replace: { about: 'a killed hot replica is replaced without an operator', run: measureReplacement },
  failover: { about: 'the leader is killed, with other tiers beside it and without', run: measureFailover },
  flip: { about: 'a bit flips in every kind of file of one replica', run: measureFlips },
};

/** `bench tiers`. */
export function benchTiers(options: BenchTiersOptions): Promise<void> {
  const { keys, valueBytes } = options;
  return runParts({
    parts: measures,
    names: options.only ?? tierMeasurements,
    options,
    more: { keys, valueBytes },
  });
}
