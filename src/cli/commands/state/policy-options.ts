import { type Policy, policyTiers } from '../../../ports/command.ts';
import { UsageError } from '../../terminal/usage-error.ts';

/** The policy that the flags of `policy set` ask for. */
export function policyOf(options: {
  readonly ack: string;
  readonly tier: string;
  readonly predict?: string;
}): Policy {
  if (options.predict !== undefined) throw new UsageError('--predict: this version predicts nothing yet');
  const tier = policyTiers.find((name) => name === options.tier);
  if (tier === undefined)
    throw new UsageError(`--tier: must be ${policyTiers.join(' or ')}, not "${options.tier}"`);
  if (options.ack === 'quorum' || options.ack === 'leader') return { acknowledge: options.ack, tier };
  throw new UsageError(`--ack: must be quorum or leader, not "${options.ack}"`);
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
    parts.push(`inside it ${inside.map((name) => `"${name}"`).join(', ')} go on with a policy of their own`);
  return parts.length === 0 ? null : `${parts.join('; ')} (the longest prefix wins as a whole)`;
}
