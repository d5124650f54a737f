import * as v from 'valibot';
import { contributionLimits } from '../../prediction/learning/contribution.ts';
import { numberOr, wholeNumberOr, yesOrNo } from '../config/config-values.ts';
import { defaultLearning as preset } from './learning-options.ts';

/** Section `prediction.learning` of the config. */

const dayMs = 24 * 3600 * 1000;

export const federatedSchema = v.strictObject({
  enabled: yesOrNo(true),
  wanted: wholeNumberOr(preset.federated.wanted, 1, contributionLimits.most),
  waitMs: wholeNumberOr(preset.federated.waitMs, 0, 30 * dayMs),
  clip: numberOr(preset.federated.clip, 0.001, contributionLimits.clip),
  noise: numberOr(preset.federated.noise, 0, 100),
  trustReports: yesOrNo(preset.federated.trustReports),
});

export const learningSchema = v.strictObject({
  enabled: yesOrNo(true),
  cpu: numberOr(preset.cpu, 0.001, 1),
  everyMs: wholeNumberOr(preset.everyMs, 1000, 30 * dayMs),
  steps: wholeNumberOr(preset.steps, 1, 100_000),
  memoryMb: wholeNumberOr(preset.memoryMb, 1, 4096),
  margin: numberOr(preset.margin, 0, 0.9),
  mostWorse: numberOr(preset.mostWorse, 0, 1),
  trialOrigins: wholeNumberOr(preset.trialOrigins, 1, 100_000),
  federated: v.optional(federatedSchema, {}),
});
