import type { NodeId } from '../../foundation/ids.ts';
import type { TanistNode } from '../../node/node.ts';
import type { LogEntry } from '../../ports/log-store.ts';
import type { NodeEvent, NodeEventFields } from '../../ports/node-log.ts';
import { decodeConfiguration } from '../../raft/configuration.ts';
import type { RaftStatus } from '../../raft/raft.ts';
import type { Machine } from '../machine.ts';
import type { TopologyPlan } from '../plan/topology.ts';
import { zoneLabel } from '../plan/zones.ts';
import type { Findings } from './findings.ts';

/** Clocks of machines run a little fast. */
const tolerance = 0.99;
const optional: readonly unknown[] = ['spread', 'latency', 'distance'];

interface Reign {
  readonly term: number;
  readonly sinceMs: number;
  movedMs: number;
}

/**
 * Tiers by policy: one change at a time; moves for the better far enough apart and not before their wish can have lasted; never fewer voters than are
 * wanted; in a calm cluster nothing goes back to what it was.
 */
export class TopologyChecks {
  readonly #findings: Findings;
  readonly #policy: NonNullable<TopologyPlan['policy']> | null;
  readonly #zones: readonly number[];
  readonly #nowMs: () => number;
  readonly #reigns = new Map<NodeId, Reign>();
  #applied = { index: 0, voters: 0 };
  /** Since the cluster is calm: what it was, in the order in which it was. Null: it is not. */
  #visited: string[] | null = null;
  /** Begun so far. */
  changes = 0;

  constructor(findings: Findings, { policy, zones }: TopologyPlan, nowMs: () => number) {
    this.#findings = findings;
    this.#policy = policy;
    this.#zones = zones;
    this.#nowMs = nowMs;
  }

  /** Some machine is about to apply a committed entry. */
  applying({ kind, index, payload }: LogEntry): void {
    if (kind !== 'configuration' || index <= this.#applied.index) return;
    const before = this.#applied.voters;
    const voters = decodeConfiguration(payload).voters.length;
    this.#applied = { index, voters };
    const floor = this.#policy?.hot ?? 0;
    if (voters < before && voters < floor)
      this.#findings.report(
        'tier-floor',
        `at ${index}: ${before} voters became ${voters}, ${floor} are wanted`,
      );
  }

  /** Right after a machine ran. */
  look({ id }: Machine, { role, term }: RaftStatus, node: TanistNode): void {
    if (this.#policy === null || role !== 'leader') return;
    if (this.#reigns.get(id)?.term !== term)
      this.#reigns.set(id, { term, sinceMs: this.#nowMs(), movedMs: Number.NEGATIVE_INFINITY });
    const members = node.members();
    const coming = members.filter(({ wanted, voter }) => wanted === 'hot' && !voter);
    if (coming.length > 1)
      this.#findings.report('tier-change-alone', `${coming.map((member) => member.id)} become hot at once`);
    if (this.#visited !== null && coming.length === 0) this.#visit(members);
  }

  #visit(members: ReturnType<TanistNode['members']>): void {
    const now = members
      .map(({ id, tier, voter }) => `${id} ${voter ? 'votes' : tier}`)
      .sort()
      .join();
    const visited = this.#visited ?? [];
    if (visited.at(-1) === now) return;
    if (visited.includes(now))
      this.#findings.report('tiers-back-and-forth', `calm, it went ${[...visited, now].join(' → ')}`);
    visited.push(now);
  }

  logged({ id }: Machine, event: NodeEvent, { rule, change }: NodeEventFields): void {
    if (event !== 'tier-change-begun' || this.#policy === null) return;
    this.changes++;
    const reign = this.#reigns.get(id);
    if (reign === undefined || !optional.includes(rule)) return;
    const nowMs = this.#nowMs();
    const { gainForMs, atMostEveryMs } = this.#policy;
    const ledMs = nowMs - reign.sinceMs;
    const wantedMs = tolerance * Math.max(gainForMs, atMostEveryMs);
    if (ledMs < wantedMs)
      this.#findings.report(
        'tier-hysteresis',
        `${id} begins ${change} (${rule}) ${ledMs} ms after it began to lead, not ${wantedMs}`,
      );
    if (nowMs - reign.movedMs < tolerance * atMostEveryMs)
      this.#findings.report(
        'tier-rate',
        `${id} begins ${change} (${rule}) ${nowMs - reign.movedMs} ms after its last move, not ${atMostEveryMs}`,
      );
    reign.movedMs = nowMs;
  }

  /** From now on nothing goes wrong, and what is measured is what there is. */
  calm(): void {
    this.#visited = [];
  }

  over(): void {
    this.#visited = null;
  }

  /** What the policy still wants of a calm cluster; null: nothing. */
  left(node: TanistNode, indexOf: (id: NodeId) => number): string | null {
    const outlook = node.tiers()?.outlook;
    if (outlook === undefined) return 'nobody decides';
    if (outlook.running !== null) return `under way: ${outlook.running.step.reason}`;
    const [next] = outlook.steps;
    if (next !== undefined) return `wanted: ${next.reason}`;
    const { hot = null, spread = null } = this.#policy ?? {};
    const members = node.members();
    const voters = members.filter(({ voter }) => voter).map(({ id }) => id);
    if (hot !== null && voters.length !== Math.min(hot, members.length))
      return `${voters.length} vote, ${hot} are wanted`;
    if (spread !== zoneLabel) return null;
    const zones = (ids: readonly NodeId[]): readonly number[] =>
      ids.map((id) => this.#zones[indexOf(id)] ?? 0);
    const now = mostInOne(zones(voters));
    const mayBeLost = Math.floor((voters.length - 1) / 2);
    const best = leastInOne(zones(members.map(({ id }) => id)), voters.length);
    return now > Math.max(mayBeLost, best) ? `${now} voters in one place, ${best} would do` : null;
  }
}

function mostInOne(zones: readonly number[]): number {
  return Math.max(0, ...countsOf(zones));
}

function countsOf(zones: readonly number[]): readonly number[] {
  const counts = new Map<number, number>();
  for (const zone of zones) counts.set(zone, (counts.get(zone) ?? 0) + 1);
  return [...counts.values()];
}

/** The fewest that some place must have where so many vote. */
function leastInOne(all: readonly number[], voters: number): number {
  const counts = countsOf(all);
  for (let most = 1; ; most++)
    if (most >= voters || counts.reduce((sum, count) => sum + Math.min(count, most), 0) >= voters)
      return most;
}
