import * as v from 'valibot';
import { learningSchema } from '../learning/learning-config.ts';
import { defaultPredictionBudget as preset } from '../prediction/predictor.ts';
import { numberOr, wholeNumberOr, yesOrNo } from './config-values.ts';

/** Section `prediction` of the config. */

export const predictionSchema = v.strictObject({
  /** False: this node has no predictor. */
  enabled: yesOrNo(true),
  /** What forecasting may take of one core, 0.01 to 1. */
  cpu: numberOr(preset.cpu, 0.01, 1),
  /** MiB of the predictor's thread, its series among them. */
  memoryMb: wholeNumberOr(preset.memoryMb, 128, 16_384),
  /** A key has one for each number that its policy names. */
  series: wholeNumberOr(preset.series, 1, 100_000),
  learning: v.optional(learningSchema, {}),
  /** Folder of model files; absent: those that came with the program. */
  models: v.optional(v.pipe(v.string('must be a folder'), v.nonEmpty('must not be empty'))),
});

export type PredictionConfig = v.InferOutput<typeof predictionSchema>;
