import type { NodeId } from '../../foundation/ids.ts';

/** What tiers an operator wants. Durations in ms. */
export interface TierPolicy {
  /** How many replicas of each tier. Null: as many as there are; then only lost hot ones are replaced. */
  readonly hot: number | null;
  readonly warm: number | null;
  readonly cold: number | null;
  /** The label whose values are places that may be lost as a whole. Null: places do not matter. */
  readonly spread: string | null;
  /** A hot replica that is silent for longer is replaced. */
  readonly graceMs: number;
  /** Who takes a place must have been heard without a gap for so long. */
  readonly settleMs: number;
  /** A move for the sake of distance must gain this part of what there is, and `gainMs` at least, for `gainForMs` without a gap. */
  readonly hysteresis: number;
  readonly gainMs: number;
  readonly gainForMs: number;
  /** Between two such moves. What is lost is replaced at once. */
  readonly atMostEveryMs: number;
  /** False: nothing is moved unless an operator asks; the plan still says what would be. */
  readonly automatic: boolean;
  /** Members that keep their tier whatever happens. */
  readonly pinned: readonly NodeId[];
}

export const defaultTierPolicy: TierPolicy = {
  hot: null,
  warm: null,
  cold: null,
  spread: null,
  graceMs: 15_000,
  settleMs: 3000,
  hysteresis: 0.2,
  gainMs: 5,
  gainForMs: 60_000,
  atMostEveryMs: 300_000,
  automatic: true,
  pinned: [],
};
