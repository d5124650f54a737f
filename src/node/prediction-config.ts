import * as v from 'valibot';
import { federatedSchema, learningSchema } from './learning/learning-config.ts';
import { defaultPredictionBudget as preset } from './prediction/predictor.ts';

/** Section `prediction` of the config. */

const within = (least: number, most: number, whole: boolean, given: number) => {
  const text = `must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}`;
  return v.optional(
    v.pipe(
      v.number(text),
      v.check((value) => value >= least && value <= most && (!whole || Number.isInteger(value)), text),
    ),
    given,
  );
};

export const predictionSchema = v.strictObject({
  /** False: this node has no predictor. */
  enabled: v.optional(v.boolean('must be true or false'), true),
  /** What forecasting may take of one core, 0.01 to 1. */
  cpu: within(0.01, 1, false, preset.cpu),
  /** MiB of the predictor's thread, its series among them. */
  memoryMb: within(128, 16_384, true, preset.memoryMb),
  /** A key has one for each number that its policy names. */
  series: within(1, 100_000, true, preset.series),
  learning: v.optional(learningSchema, {}),
  /** Folder of model files; absent: those that came with the program. */
  models: v.optional(v.pipe(v.string('must be a folder'), v.nonEmpty('must not be empty'))),
});

/** What the object may hold that the last of these keys, below `prediction`, is in. */
export function predictionEntries([first, second, ...rest]: readonly string[]): object {
  if (first !== 'learning' || second === undefined) return predictionSchema.entries;
  return second === 'federated' && rest.length > 0 ? federatedSchema.entries : learningSchema.entries;
}

export type PredictionConfig = v.InferOutput<typeof predictionSchema>;
