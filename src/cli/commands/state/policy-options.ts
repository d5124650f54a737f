import { type Policy, type PredictPolicy, policyTiers } from '../../../ports/command.ts';
import { defaultPredictPolicy } from '../../../ports/prediction.ts';
import { UsageError } from '../../terminal/usage-error.ts';

export interface PolicyFlags {
  readonly ack: string;
  readonly tier: string;
  readonly predict?: string;
  readonly predictStep?: number;
  readonly predictHorizon?: number;
  readonly predictConfidence?: number;
  readonly predictWeight?: number;
}

/** The policy that the flags of `policy set` ask for. */
export function policyOf(options: PolicyFlags): Policy {
  const tier = policyTiers.find((name) => name === options.tier);
  if (tier === undefined)
    throw new UsageError(`--tier: must be ${policyTiers.join(' or ')}, not "${options.tier}"`);
  const predict = predictOf(options);
  if (options.ack === 'quorum' || options.ack === 'leader')
    return { acknowledge: options.ack, tier, predict };
  throw new UsageError(`--ack: must be quorum or leader, not "${options.ack}"`);
}

function predictOf(options: PolicyFlags): PredictPolicy | null {
  if (options.predict !== undefined)
    return {
      fields: fieldsOf(options.predict),
      stepMs: options.predictStep ?? defaultPredictPolicy.stepMs,
      horizon: options.predictHorizon ?? defaultPredictPolicy.horizon,
      minConfidence: options.predictConfidence ?? defaultPredictPolicy.minConfidence,
      weight: options.predictWeight ?? defaultPredictPolicy.weight,
    };
  for (const part of ['Step', 'Horizon', 'Confidence', 'Weight'] as const)
    if (options[`predict${part}`] !== undefined)
      throw new UsageError(
        `--predict-${part.toLowerCase()}: give --predict, too: value, or fields such as /cpu,/memory`,
      );
  return null;
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
