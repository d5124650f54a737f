import type { Policy } from '../../../ports/command.ts';
import { UsageError } from '../../terminal/usage-error.ts';

export function acknowledgeOf(options: {
  readonly ack: string;
  readonly tier?: string;
  readonly predict?: string;
}): Policy['acknowledge'] {
  if (options.tier !== undefined) throw new UsageError('--tier: this version has hot replicas only');
  if (options.predict !== undefined) throw new UsageError('--predict: this version predicts nothing yet');
  if (options.ack === 'quorum' || options.ack === 'leader') return options.ack;
  throw new UsageError(`--ack: must be quorum or leader, not "${options.ack}"`);
}
