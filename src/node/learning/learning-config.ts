import * as v from 'valibot';
import { contributionLimits } from '../../prediction/learning/contribution.ts';
import { defaultLearning as preset } from './learning-options.ts';

/** Section `prediction.learning` of the config. */

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
const yesOrNo = v.optional(v.boolean('must be true or false'), true);
const dayMs = 24 * 3600 * 1000;

export const federatedSchema = v.strictObject({
  enabled: yesOrNo,
  wanted: within(1, contributionLimits.most, true, preset.federated.wanted),
  waitMs: within(0, 30 * dayMs, true, preset.federated.waitMs),
  clip: within(0.001, contributionLimits.clip, false, preset.federated.clip),
  noise: within(0, 100, false, preset.federated.noise),
  trustReports: v.optional(v.boolean('must be true or false'), preset.federated.trustReports),
});

export const learningSchema = v.strictObject({
  enabled: yesOrNo,
  cpu: within(0.001, 1, false, preset.cpu),
  everyMs: within(1000, 30 * dayMs, true, preset.everyMs),
  steps: within(1, 100_000, true, preset.steps),
  memoryMb: within(1, 4096, true, preset.memoryMb),
  margin: within(0, 0.9, false, preset.margin),
  mostWorse: within(0, 1, false, preset.mostWorse),
  trialOrigins: within(1, 100_000, true, preset.trialOrigins),
  federated: v.optional(federatedSchema, {}),
});
