import type { Random } from '../../foundation/random.ts';

/** What is predicted in a run. */
export interface PredictionPlan {
  /** Between two commands of the leader with predictions, ms; 0: nothing is predicted, at promotions neither. */
  readonly everyMs: number;
  /** Between two predicted reads of some replica, ms. */
  readonly readEveryMs: number;
}

export const noPredictions: PredictionPlan = { everyMs: 0, readEveryMs: 0 };

/** Of one seed in three. */
export function drawPredictions(random: Random): PredictionPlan {
  if (!random.chance(1 / 3)) return noPredictions;
  return { everyMs: random.pick([40, 150, 600]), readEveryMs: random.pick([20, 100]) };
}
