import * as v from 'valibot';
import { type BeforeDeathPolicy, defaultBeforeDeath } from '../failover/before-death/signals.ts';

/** Section `beforeDeath` of the config. */

const within = (least: number, most: number, preset: number, isWhole = false) => {
  const text = `must be a ${isWhole ? 'whole number' : 'number'} from ${least} to ${most}`;
  return v.optional(
    v.pipe(
      v.number(text),
      v.check((value) => value >= least && value <= most && (!isWhole || Number.isInteger(value)), text),
    ),
    preset,
  );
};
const flag = (preset: boolean) => v.optional(v.boolean('must be true or false'), preset);
const { signals } = defaultBeforeDeath;

const signal = (name: keyof typeof signals, most: number) =>
  v.optional(
    v.strictObject({
      watch: flag(signals[name].watch),
      limit: within(0, most, signals[name].limit),
      zone: within(0, most, signals[name].zone),
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
  enabled: flag(defaultBeforeDeath.enabled),
  horizonMs: within(5000, 30_000, defaultBeforeDeath.horizonMs, true),
  minimumIntervalMs: within(60_000, 24 * 3_600_000, defaultBeforeDeath.minimumIntervalMs, true),
  confidence: within(0.5, 0.9999, defaultBeforeDeath.confidence),
  signals: v.optional(signalsSchema, {}),
});

/** What cannot be had; null: all can. */
export function beforeDeathContradiction(policy: BeforeDeathPolicy): string | null {
  for (const [name, { limit, zone }] of Object.entries(policy.signals))
    if (zone >= limit) return `beforeDeath.signals.${name}.zone: must be below its limit, ${limit}`;
  return null;
}
