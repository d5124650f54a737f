import * as v from 'valibot';
import { defaultScore } from '../../failover/options.ts';
import { defaultTierPolicy, type TierPolicy } from '../../failover/topology/policy.ts';
import { type NodeId, nodeIdPattern } from '../../foundation/ids.ts';
import type { Tier } from '../../ports/tier.ts';
import { numberOr, wholeNumber, wholeNumberOr, yesOrNo } from './config-values.ts';

/** Sections `tiers` and `score` of the config. */

const day = 24 * 3_600_000;
const forcedSchema = v.strictObject({
  fence: v.pipe(
    v.array(
      v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
      'must be a list: a program and its arguments',
    ),
    v.nonEmpty('must name a program'),
  ),
  afterMs: wholeNumberOr(30_000, 1000, day),
  alone: yesOrNo(false),
});

export const tiersSchema = v.strictObject({
  /** Targets; absent: as many as there are. */
  hot: v.optional(wholeNumber(1, 9)),
  warm: v.optional(wholeNumber(0, 64)),
  cold: v.optional(wholeNumber(0, 64)),
  spread: v.optional(v.pipe(v.string('must be the name of a label'), v.nonEmpty('must name a label'))),
  graceMs: wholeNumberOr(defaultTierPolicy.graceMs, 1000, day),
  settleMs: wholeNumberOr(defaultTierPolicy.settleMs, 0, day),
  hysteresis: numberOr(defaultTierPolicy.hysteresis, 0, 1),
  gainMs: numberOr(defaultTierPolicy.gainMs, 0, 60_000),
  gainForMs: wholeNumberOr(defaultTierPolicy.gainForMs, 0, day),
  atMostEveryMs: wholeNumberOr(defaultTierPolicy.atMostEveryMs, 0, 30 * day),
  automatic: yesOrNo(defaultTierPolicy.automatic),
  /** Absent: only an operator promotes by force. */
  forced: v.optional(forcedSchema),
  pinned: v.optional(
    v.array(
      v.pipe(v.string('must be the id of a node'), v.regex(nodeIdPattern, 'must be the id of a node')),
      'must be a list of ids',
    ),
    [],
  ),
});

const { weights } = defaultScore;
const weight = (preset: number) => numberOr(preset, 0, 1000);
/** Only the ratios of the weights matter; 0 leaves a term out. */
export const scoreSchema = v.strictObject({
  heartbeat: weight(weights.heartbeat),
  integrity: weight(weights.integrity),
  log: weight(weights.log),
  latency: weight(weights.latency),
  health: weight(weights.health),
  divergence: weight(weights.divergence),
});

export function tierPolicyOf(given: v.InferOutput<typeof tiersSchema>): TierPolicy {
  const { hot = null, warm = null, cold = null, spread = null, pinned, forced: _, ...rest } = given;
  return { ...rest, hot, warm, cold, spread, pinned: pinned.map((id) => id as NodeId) };
}

interface Described {
  readonly nodes: readonly {
    readonly id: string;
    readonly tier: Tier;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly tiers: TierPolicy;
  readonly score: v.InferOutput<typeof scoreSchema>;
}

/** What cannot be had; null: all can. */
export function tierContradiction({ nodes, tiers, score }: Described): string | null {
  const { hot, spread, pinned } = tiers;
  if (hot !== null && hot > nodes.length)
    return `tiers.hot: ${hot} hot replicas are wanted, and nodes has only ${nodes.length}`;
  if (spread !== null && !nodes.some(({ labels }) => labels[spread] !== undefined)) {
    const known = [...new Set(nodes.flatMap(({ labels }) => Object.keys(labels)))];
    const there = known.length === 0 ? 'no node has labels' : `there are ${known.join(', ')}`;
    return `tiers.spread: no node has the label "${spread}"; ${there}`;
  }
  const ids = new Set<string>(nodes.map(({ id }) => id));
  const stranger = pinned.findIndex((id) => !ids.has(id));
  if (stranger >= 0) return `tiers.pinned[${stranger}]: no node has the id "${pinned[stranger]}"`;
  if (Object.values(score).every((value) => value === 0)) return 'score: at least one weight must be above 0';
  return null;
}

/** What is allowed and still unwise, a line each. */
export function tierWarnings({ nodes, tiers }: Described): readonly string[] {
  const { hot, warm, cold, spread } = tiers;
  const warnings: string[] = [];
  const wanted = (hot ?? 0) + (warm ?? 0) + (cold ?? 0);
  if (hot !== null && wanted > nodes.length)
    warnings.push(`tiers: ${wanted} replicas are wanted, and nodes has only ${nodes.length}`);
  if (hot !== null && hot % 2 === 0)
    warnings.push(`tiers.hot: ${hot} survive no more losses than ${hot - 1} would; an odd number is better`);
  if (spread !== null) {
    const without = nodes.filter(({ labels }) => labels[spread] === undefined).map(({ id }) => id);
    if (without.length > 0)
      warnings.push(
        `tiers.spread: without the label "${spread}" ${without.join(', ')} count as in one place together`,
      );
    const places = new Set(nodes.map(({ labels }) => labels[spread] ?? ''));
    if (hot !== null && hot >= 3 && places.size < 3)
      warnings.push(
        `tiers.spread: with ${places.size} values of "${spread}" no quorum survives the loss of the larger place; three are needed`,
      );
  }
  return warnings;
}
