import { mutant } from '../../foundation/mutants.ts';
import type { TierPolicy } from './policy.ts';
import type { TierChange, TopologyMember } from './view.ts';

/** Why a step is taken, in the order in which they count. */
export type TierRule = 'resume' | 'lost' | 'target' | 'spread' | 'latency' | 'distance';

export interface TierStep {
  readonly change: TierChange;
  readonly rule: TierRule;
  /** In words and numbers, for operators. */
  readonly reason: string;
  /** The same wish has the same key, however its numbers change. */
  readonly key: string;
  /** It must be wished for so long, without a gap, before it is taken; 0: at once. */
  readonly mustLastMs: number;
}

/** A move for the better, which can wait: these wait for each other (`atMostEveryMs`). */
export function isOptional({ rule }: TierStep): boolean {
  return rule === 'spread' || rule === 'latency' || rule === 'distance';
}

/** It may be moved up: heard without a gap for a while, and nothing speaks against it. */
export function isSettled(member: TopologyMember, policy: TierPolicy): boolean {
  const { id, presence, trouble } = member;
  const steady = presence.kind === 'alive' && presence.forMs >= policy.settleMs;
  return steady && trouble === null && !policy.pinned.includes(id);
}

/** Silent for longer than the grace time. */
export function isGone({ presence }: TopologyMember, { graceMs }: TierPolicy): boolean {
  return presence.kind === 'lost' && (presence.forMs >= graceMs || mutant.active === 'tier-grace-ignored');
}

export function isAlive({ presence }: TopologyMember): boolean {
  return presence.kind === 'alive';
}

/** The first of the smallest, by `compare`. */
export function best<T>(items: readonly T[], compare: (a: T, b: T) => number): T | null {
  let found: T | null = null;
  for (const item of items) if (found === null || compare(item, found) < 0) found = item;
  return found;
}

export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 1000).toFixed(0)} s`;
}

export function milliseconds(ms: number | null): string {
  if (ms === null) return 'not measured';
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}
