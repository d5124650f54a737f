import { classicalCandidates } from '../../prediction/candidates/index.ts';
import type { Candidate } from '../../prediction/forecast.ts';
import { UsageError } from '../terminal/usage-error.ts';

/** The candidates of the commands, and what to close when they are no longer asked. */
export interface Contenders {
  readonly candidates: readonly Candidate[];
  close(): Promise<void>;
}

/** Names that `--without` takes: a candidate, or a family by what its names begin with (`analog`). */
export function refuseUnknown(without: readonly string[]): void {
  const names = classicalCandidates.map(({ name }) => name);
  const unknown = without.find((part) => !names.some((name) => belongs(name, part)));
  if (unknown !== undefined)
    throw new UsageError(`--without: there is no model ${unknown}; ${names.join(', ')}`);
  if (without.includes('last-value'))
    throw new UsageError('--without: last-value is what others are measured by');
}

/** All candidates but those left out. The one place where a candidate is added to what the commands use. */
export async function contenders(without: readonly string[]): Promise<Contenders> {
  return {
    candidates: classicalCandidates.filter(({ name }) => !without.some((part) => belongs(name, part))),
    close: async () => {},
  };
}

function belongs(name: string, part: string): boolean {
  return name === part || name.startsWith(`${part}-`);
}
