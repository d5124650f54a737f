import * as v from 'valibot';
import { defaultScore } from '../failover/options.ts';
import { defaultTierPolicy, type TierPolicy } from '../failover/topology/policy.ts';
import { type NodeId, nodeIdPattern } from '../foundation/ids.ts';
import type { Tier } from '../ports/tier.ts';

/** Sections `tiers` and `score` of the config. */

const within = (least: number, most: number, unit: string, preset: number) => {
  const text = `must be ${unit} from ${least} to ${most}`;
  return v.optional(
    v.pipe(
      v.number(text),
      v.check(
        (value) => value >= least && value <= most && (unit === 'a number' || Number.isInteger(value)),
        text,
      ),
    ),
    preset,
  );
};
const whole = (least: number, most: number, preset: number) => within(least, most, 'a whole number', preset);
const day = 24 * 3_600_000;
const count = (least: number, most: number) => {
  const text = `must be a whole number from ${least} to ${most}`;
  return v.optional(
    v.pipe(
      v.number(text),
      v.check((value) => Number.isInteger(value) && value >= least && value <= most, text),
    ),
  );
};

const forcedSchema = v.strictObject({
  fence: v.pipe(
    v.array(
      v.pipe(v.string('must be text'), v.nonEmpty('must not be empty')),
      'must be a list: a program and its arguments',
    ),
    v.nonEmpty('must name a program'),
  ),
  afterMs: whole(1000, day, 30_000),
  alone: v.optional(v.boolean('must be true or false'), false),
});

export const tiersSchema = v.strictObject({
  /** Targets; absent: as many as there are. */
  hot: count(1, 9),
  warm: count(0, 64),
  cold: count(0, 64),
  spread: v.optional(v.pipe(v.string('must be the name of a label'), v.nonEmpty('must name a label'))),
  graceMs: whole(1000, day, defaultTierPolicy.graceMs),
  settleMs: whole(0, day, defaultTierPolicy.settleMs),
  hysteresis: within(0, 1, 'a number', defaultTierPolicy.hysteresis),
  gainMs: within(0, 60_000, 'a number', defaultTierPolicy.gainMs),
  gainForMs: whole(0, day, defaultTierPolicy.gainForMs),
  atMostEveryMs: whole(0, 30 * day, defaultTierPolicy.atMostEveryMs),
  automatic: v.optional(v.boolean('must be true or false'), defaultTierPolicy.automatic),
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
const weight = (preset: number) => within(0, 1000, 'a number', preset);
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
