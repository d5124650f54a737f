import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import type { BeforeDeathPolicy } from '../../failover/before-death/signals.ts';
import type { ScoreWeights } from '../../failover/options.ts';
import type { TierPolicy } from '../../failover/topology/policy.ts';
import { configIssue } from '../../foundation/config-issue.ts';
import { asError, TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeIdPattern } from '../../foundation/ids.ts';
import { defaultRequestLimits, limits as fixed } from '../../foundation/limits.ts';
import { parseYaml } from '../../foundation/parse-yaml.ts';
import { suggestion } from '../../foundation/suggestion.ts';
import type { ForcedPolicy } from '../../ports/lineage.ts';
import type { Tier } from '../../ports/tier.ts';
import { defaultScrub } from '../integrity/scrub-passes.ts';
import { beforeDeathContradiction, beforeDeathSchema } from './before-death-config.ts';
import { wholeNumberOr, yesOrNo } from './config-values.ts';
import { type MirrorsConfig, mirrorsSchema } from './mirrors-config.ts';
import { type PredictionConfig, predictionSchema } from './prediction-config.ts';
import { scoreSchema, tierContradiction, tierPolicyOf, tiersSchema, tierWarnings } from './tier-config.ts';

/** How a cluster is described to each of its nodes. Immutable; every value is filled in. Examples: `cluster-config/`. */
export interface ClusterConfig {
  /** Nodes and data folders of another cluster are refused. */
  readonly cluster: string;
  readonly nodes: readonly NodeConfig[];
  readonly timing: TimingConfig;
  readonly limits: LimitsConfig;
  readonly disk: DiskConfig;
  readonly compaction: CompactionConfig;
  readonly snapshots: SnapshotsConfig;
  readonly tiers: TierPolicy;
  /** Null: no replica promotes itself by force. */
  readonly forced: ForcedPolicy | null;
  readonly score: ScoreWeights;
  readonly beforeDeath: BeforeDeathPolicy;
  readonly scrub: ScrubConfig;
  readonly prediction: PredictionConfig;
  readonly mirrors: MirrorsConfig;
}

export interface CompactionConfig {
  readonly mode: (typeof compactionModes)[number];
  readonly keep: number;
}

export type { Tier } from '../../ports/tier.ts';

export interface NodeConfig {
  readonly id: NodeId;
  readonly tier: Tier;
  /** `host:port` where it listens and is reached: clients, peers, HTTP (health, metrics, role). */
  readonly client: string;
  readonly peer: string;
  readonly http: string;
  /** Free text for operators, such as zone and rack. */
  readonly labels: Readonly<Record<string, string>>;
  /** It is added to a cluster that is there already (`tanist member add`): it does not vote before that cluster says so. */
  readonly join: boolean;
}

export type TimingConfig = v.InferOutput<typeof timingSchema>;
export type LimitsConfig = v.InferOutput<typeof limitsSchema>;
export type SnapshotsConfig = v.InferOutput<typeof snapshotsSchema>;
export type ScrubConfig = v.InferOutput<typeof scrubSchema>;
export type DiskConfig = v.InferOutput<typeof diskSchema>;

const timingSchema = v.strictObject({
  /** The driver's resolution; all other times are rounded up to it. */
  tickMs: wholeNumberOr(10, 1, 100),
  heartbeatMs: wholeNumberOr(30, 1, 10_000),
  /** Raft's own election timeout: the ceiling when no better evidence of a dead leader came earlier. */
  electionMs: wholeNumberOr(500, 20, 600_000),
  /** A silent leader is not suspected before `suspicionFloorMs`, and always after `suspicionCeilingMs`. */
  suspicionFloorMs: wholeNumberOr(90, 5, 600_000),
  suspicionCeilingMs: wholeNumberOr(400, 5, 600_000),
  /** Phi at which silence becomes suspicion: the odds of a false one are 1 to 10^phi on the measured distribution. */
  suspicionPhi: wholeNumberOr(8, 1, 64),
  /** What each further rank of the succession waits before it campaigns. */
  rankDelayMs: wholeNumberOr(10, 1, 60_000),
  /** How long a voter holds a pre-vote while it asks the leader itself. */
  holdMs: wholeNumberOr(20, 0, 60_000),
  /** Longest a single probe of a peer may take. */
  probeMs: wholeNumberOr(20, 1, 60_000),
});

const limitsSchema = v.strictObject({
  keyBytes: wholeNumberOr(defaultRequestLimits.keyBytes, 1, 1024 * 1024),
  valueBytes: wholeNumberOr(defaultRequestLimits.valueBytes, 1, fixed.entryBytes / 2),
  transactionOperations: wholeNumberOr(defaultRequestLimits.transactionOperations, 1, 4096),
  sessions: wholeNumberOr(fixed.sessions, 1, 1_000_000),
  watchers: wholeNumberOr(fixed.watchers, 1, 1_000_000),
  /** How often a quiet etcd watch with `progress_notify` hears of the present revision. etcd: --experimental-watch-progress-notify-interval. */
  watchProgressMs: wholeNumberOr(600_000, 100, 24 * 3_600_000),
  leases: wholeNumberOr(fixed.leases, 1, 10_000_000),
  /** Of the live state: keys and values, and 128 bytes a key. Beyond it the alarm `noSpace` refuses what takes space. 0: no bound. */
  quotaBytes: wholeNumberOr(8 * 1024 * 1024 * 1024, 0, 1024 * 1024 * 1024 * 1024),
  uncommittedBytes: wholeNumberOr(fixed.uncommittedBytes, 1024 * 1024, 1024 * 1024 * 1024),
  logMemoryBytes: wholeNumberOr(fixed.logMemoryBytes, 1024 * 1024, 1024 * 1024 * 1024),
  logDiskBytes: wholeNumberOr(fixed.logDiskBytes, 1024 * 1024, 1024 * 1024 * 1024 * 1024),
});

const diskSchema = v.strictObject({
  /** Below this much free space the node refuses writes (`disk-full`) and goes on serving reads. */
  reserveBytes: wholeNumberOr(64 * 1024 * 1024, 0, 1024 * 1024 * 1024 * 1024),
});

/** Of cold replicas. */
const snapshotsSchema = v.strictObject({
  /** Between two snapshots. */
  everyMs: wholeNumberOr(60_000, 100, 7 * 24 * 3_600_000),
  /** So many are kept at most, each for so long (0: no bound); the newest always is. */
  keep: wholeNumberOr(24, 1, 10_000),
  keepForMs: wholeNumberOr(0, 0, 3650 * 24 * 3_600_000),
});

const scrubSchema = v.strictObject({
  /** What is stored is read again in the background, at this rate at most, in search of damage. 0: only on demand. */
  bytesPerSecond: wholeNumberOr(defaultScrub.bytesPerSecond, 0, 1024 * 1024 * 1024),
  /** Between the end of one pass over all and the next. */
  pauseMs: wholeNumberOr(defaultScrub.pauseMs, 10, 30 * 24 * 3_600_000),
});

/** A restored cluster's name may be given with its suffix, as `tanist restore` prints it. */
const compactionModes = ['off', 'revisions', 'periodic'] as const;
const keepText = 'must be a whole number above 0, or with mode periodic a duration such as 30m or 1h';
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const compactionSchema = v.strictObject({
  mode: v.optional(v.picklist(compactionModes, `must be one of ${compactionModes.join(', ')}`), 'off'),
  /** With `revisions` how many revisions stay readable, with `periodic` for how long (ms, or a duration). */
  keep: v.optional(
    v.custom<number | string>((value) => keepOf(value) !== null, keepText),
    0,
  ),
});

/** Null: neither a count nor a duration. */
function keepOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  const match = typeof value === 'string' ? /^(\d{1,9})(ms|s|m|h)$/.exec(value) : null;
  return match === null ? null : Number(match[1]) * (unitsMs[match[2] ?? ''] ?? 1);
}

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}(\+[0-9a-f]{8})?$/;
const tiers = ['hot', 'warm', 'cold'] as const satisfies readonly Tier[];
const addressText = 'must be a port (1 to 65535, 0 to let the system choose) or host:port';
const addressSchema = v.custom<number | string>(
  (value) => (typeof value === 'number' || typeof value === 'string') && portOf(String(value)) !== null,
  addressText,
);
const nodeSchema = v.strictObject({
  id: v.pipe(
    v.string('must be text'),
    v.regex(nodeIdPattern, 'must be 1 to 63 of a-z, 0-9 and "-", not starting with "-"'),
  ),
  host: v.optional(
    v.pipe(v.string('must be a host name or address'), v.nonEmpty('must not be empty')),
    '127.0.0.1',
  ),
  client: addressSchema,
  peer: addressSchema,
  http: addressSchema,
  tier: v.optional(v.picklist(tiers, `must be one of ${tiers.join(', ')}`), 'hot'),
  labels: v.optional(v.record(v.string(), v.string('must be text')), {}),
  join: yesOrNo(false),
});
const fileSchema = v.strictObject({
  cluster: v.pipe(
    v.string('must be text'),
    v.regex(namePattern, 'must be 1 to 128 of letters, digits, ".", "_" and "-"'),
  ),
  nodes: v.pipe(v.array(nodeSchema, 'must be a list of nodes'), v.nonEmpty('must name at least one node')),
  timing: v.optional(timingSchema, {}),
  limits: v.optional(limitsSchema, {}),
  disk: v.optional(diskSchema, {}),
  compaction: v.optional(compactionSchema, {}),
  snapshots: v.optional(snapshotsSchema, {}),
  tiers: v.optional(tiersSchema, {}),
  score: v.optional(scoreSchema, {}),
  beforeDeath: v.optional(beforeDeathSchema, {}),
  scrub: v.optional(scrubSchema, {}),
  prediction: v.optional(predictionSchema, {}),
  mirrors: v.optional(mirrorsSchema, {}),
});

/** Reads a YAML or JSON file. Fails as `config-invalid` with one line: file, path of the key, what is allowed. */
export async function loadClusterConfig(file: string): Promise<ClusterConfig> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new TanistError('config-invalid', `${file}: cannot be read (${cause.code ?? cause.message})`, {
      cause,
    });
  });
  return parseClusterConfig(text, file);
}

/** `source` names the text in messages. */
export function parseClusterConfig(text: string, source = 'config'): ClusterConfig {
  const fail = (message: string): never => {
    throw new TanistError('config-invalid', `${source}: ${message}`);
  };
  let content: unknown;
  try {
    content = parseYaml(text);
  } catch (error) {
    return fail(asError(error).message);
  }
  const parsed = v.safeParse(fileSchema, content ?? {});
  const issue = configIssue(fileSchema, content, parsed.issues);
  if (issue !== null || !parsed.success) return fail(issue ?? 'is not a config');
  const {
    cluster,
    nodes,
    timing,
    limits,
    disk,
    compaction,
    snapshots,
    tiers: wanted,
    score,
    beforeDeath,
    scrub,
    prediction,
    mirrors,
  } = parsed.output;
  const config: ClusterConfig = freeze({
    cluster,
    nodes: nodes.map((node) => ({
      id: node.id as NodeId,
      tier: node.tier,
      client: address(node.host, node.client),
      peer: address(node.host, node.peer),
      http: address(node.host, node.http),
      labels: node.labels,
      join: node.join,
    })),
    timing,
    limits,
    disk,
    compaction: { mode: compaction.mode, keep: keepOf(compaction.keep) ?? 0 },
    snapshots,
    tiers: tierPolicyOf(wanted),
    forced: wanted.forced ?? null,
    score,
    beforeDeath,
    scrub,
    prediction,
    mirrors,
  });
  const problem = contradiction(config);
  return problem === null ? config : fail(problem);
}

/** The node with this id; `config-invalid` naming those that are there. */
export function nodeInConfig(config: ClusterConfig, id: string): NodeConfig {
  const node = config.nodes.find((candidate) => candidate.id === id);
  if (node !== undefined) return node;
  const ids = config.nodes.map((candidate) => candidate.id);
  throw new TanistError(
    'config-invalid',
    `no node "${id}" in cluster "${config.cluster}"; it has ${ids.join(', ')}${suggestion(id, ids)}`,
  );
}

/** What is allowed and still unwise, a line each. */
export function configWarnings(config: ClusterConfig): readonly string[] {
  const warnings = [...tierWarnings(config)];
  const hot = config.nodes.filter((node) => node.tier === 'hot').length;
  if (hot % 2 === 0)
    warnings.push(
      `nodes: ${hot} hot nodes survive no more losses than ${hot - 1} would; an odd number is better`,
    );
  return warnings;
}

function contradiction(config: ClusterConfig): string | null {
  const { nodes, timing, compaction } = config;
  const ids = new Map<string, number>();
  const addresses = new Map<string, string>();
  for (const [index, node] of nodes.entries()) {
    const first = ids.get(node.id);
    if (first !== undefined) return `nodes[${index}].id: "${node.id}" is already the id of nodes[${first}]`;
    ids.set(node.id, index);
    for (const use of ['client', 'peer', 'http'] as const) {
      const where = `nodes[${index}].${use}`;
      const other = addresses.get(node[use]);
      if (other !== undefined) return `${where}: ${node[use]} is already the address of ${other}`;
      if (portOf(node[use]) !== 0) addresses.set(node[use], where);
      else if (use !== 'http' && nodes.length > 1)
        return `${where}: 0 takes any free port, which the other nodes would not know: name one`;
    }
  }
  if (!nodes.some((node) => node.tier === 'hot' && !node.join))
    return 'nodes: at least one must have tier hot, and not join';
  if (compaction.mode !== 'off' && compaction.keep === 0) return `compaction.keep: is missing; ${keepText}`;
  if (timing.heartbeatMs < timing.tickMs) return 'timing.heartbeatMs: must be at least timing.tickMs';
  if (timing.electionMs < 3 * timing.heartbeatMs)
    return 'timing.electionMs: must be at least three times timing.heartbeatMs';
  if (timing.suspicionFloorMs < timing.heartbeatMs)
    return 'timing.suspicionFloorMs: must be at least timing.heartbeatMs';
  if (timing.suspicionCeilingMs < timing.suspicionFloorMs)
    return 'timing.suspicionCeilingMs: must be at least timing.suspicionFloorMs';
  return beforeDeathContradiction(config.beforeDeath) ?? tierContradiction(config);
}

function address(host: string, given: number | string): string {
  if (typeof given === 'string' && given.includes(':')) return given;
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${given}` : `${host}:${given}`;
}

/** The port of `port` or `host:port`; null when there is none. */
function portOf(text: string): number | null {
  const match = /^(?:(?:[^:\s]+|\[[0-9a-fA-F:.]+\]):)?(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[1]);
  return port <= 65_535 ? port : null;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}
