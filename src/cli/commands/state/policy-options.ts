import { type Policy, type PredictPolicy, policyTiers } from '../../../ports/command.ts';
import { defaultPredictPolicy } from '../../../ports/prediction.ts';
import { UsageError } from '../../terminal/usage-error.ts';

export interface PolicyFlags {
  readonly ack?: string;
  readonly tier?: string;
  readonly predict?: string;
  readonly predictStep?: number;
  readonly predictHorizon?: number;
  readonly predictConfidence?: number;
  readonly predictWeight?: number;
}

const unset: Policy = { acknowledge: 'quorum', tier: 'full', predict: null };

/** The policy that the flags of `policy set` ask for; what they do not name stays as it was (null: there was none). */
export function policyOf(options: PolicyFlags, before: Policy | null = null): Policy {
  const { acknowledge, tier: tierBefore, predict } = before ?? unset;
  const tier = policyTiers.find((name) => name === (options.tier ?? tierBefore));
  if (tier === undefined)
    throw new UsageError(`--tier: must be ${policyTiers.join(' or ')}, not "${options.tier}"`);
  const ack = options.ack ?? acknowledge;
  if (ack === 'quorum' || ack === 'leader')
    return { acknowledge: ack, tier, predict: predictOf(options, predict) };
  throw new UsageError(`--ack: must be quorum or leader, not "${ack}"`);
}

function predictOf(options: PolicyFlags, before: PredictPolicy | null): PredictPolicy | null {
  if (options.predict === 'none') return null;
  const fields = options.predict === undefined ? before?.fields : fieldsOf(options.predict);
  if (fields !== undefined) {
    const { stepMs, horizon, minConfidence, weight } = before ?? defaultPredictPolicy;
    return {
      fields,
      stepMs: options.predictStep ?? stepMs,
      horizon: options.predictHorizon ?? horizon,
      minConfidence: options.predictConfidence ?? minConfidence,
      weight: options.predictWeight ?? weight,
    };
  }
  for (const part of ['Step', 'Horizon', 'Confidence', 'Weight'] as const)
    if (options[`predict${part}`] !== undefined)
      throw new UsageError(
        `--predict-${part.toLowerCase()}: give --predict, too: value, or fields such as /cpu,/memory`,
      );
  return null;
}

/** A policy in a few words. */
export function policyText({ acknowledge, tier, predict }: Policy): string {
  const predicted = predict === null ? '' : `, predicted: ${predictText(predict)}`;
  return `acknowledged by ${acknowledge}, tier ${tier}${predicted}`;
}

/** `value`: the value itself is a number; else JSON pointers, whose syntax the cluster looks at. */
function fieldsOf(how: string): readonly string[] {
  if (how === 'value') return [];
  const fields = how.split(',');
  const wrong = fields.find((field) => !field.startsWith('/'));
  if (wrong === undefined) return fields;
  throw new UsageError(`--predict: must be value, or JSON pointers such as /cpu,/memory, not "${wrong}"`);
}

/** In a few words; null: nothing is predicted. */
export function predictText(predict: PredictPolicy | null): string | null {
  if (predict === null) return null;
  const { fields, stepMs, horizon, minConfidence, weight } = predict;
  const what = fields.length === 0 ? 'value' : fields.join(',');
  const step = stepMs === 0 ? '' : `, a step ${stepMs} ms`;
  const share = weight === defaultPredictPolicy.weight ? '' : `, weight ${weight}`;
  return `${what}, ${horizon} steps${step}, from confidence ${minConfidence}${share}`;
}

export function prefixText(prefix: string): string {
  return prefix === '' ? '"" (all keys)' : prefix;
}

/** What to know of other policies when one is set: of nested prefixes the longest one wins as a whole. Null: nothing. */
export function nestingOf(prefix: string, others: readonly string[]): string | null {
  const around = others
    .filter((other) => other !== prefix && prefix.startsWith(other))
    .sort((a, b) => b.length - a.length)[0];
  const inside = others.filter((other) => other !== prefix && other.startsWith(prefix));
  const parts: string[] = [];
  if (around !== undefined)
    parts.push(`it lies inside the policy of "${around}", which counts for these keys no more`);
  if (inside.length > 0)
    parts.push(
      `inside it ${inside.map((name) => `"${name}"`).join(', ')} ${inside.length === 1 ? 'goes on with a policy of its own' : 'go on with policies of their own'}`,
    );
  return parts.length === 0 ? null : `${parts.join('; ')} (the longest prefix wins as a whole)`;
}
