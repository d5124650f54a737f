import * as v from 'valibot';
import { type BeforeDeathPolicy, defaultBeforeDeath } from '../../failover/before-death/signals.ts';
import { numberOr, wholeNumberOr, yesOrNo } from './config-values.ts';

/** Section `beforeDeath` of the config. */

const { signals } = defaultBeforeDeath;

const signal = (name: keyof typeof signals, most: number) =>
  v.optional(
    v.strictObject({
      watch: yesOrNo(signals[name].watch),
      limit: numberOr(signals[name].limit, 0, most),
      zone: numberOr(signals[name].zone, 0, most),
    }),
    {},
  );

export const signalsSchema = v.strictObject({
  memory: signal('memory', 1),
  disk: signal('disk', 1),
  sync: signal('sync', 600_000),
  loop: signal('loop', 600_000),
});

export const beforeDeathSchema = v.strictObject({
  enabled: yesOrNo(defaultBeforeDeath.enabled),
  horizonMs: wholeNumberOr(defaultBeforeDeath.horizonMs, 5000, 30_000),
  minimumIntervalMs: wholeNumberOr(defaultBeforeDeath.minimumIntervalMs, 60_000, 24 * 3_600_000),
  confidence: numberOr(defaultBeforeDeath.confidence, 0.5, 0.9999),
  signals: v.optional(signalsSchema, {}),
});

/** What cannot be had; null: all can. */
export function beforeDeathContradiction(policy: BeforeDeathPolicy): string | null {
  for (const [name, { limit, zone }] of Object.entries(policy.signals))
    if (zone >= limit) return `beforeDeath.signals.${name}.zone: must be below its limit, ${limit}`;
  return null;
}
