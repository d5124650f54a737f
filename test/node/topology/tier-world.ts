import { Links } from '../../../src/failover/topology/links.ts';
import { defaultTierPolicy, type TierPolicy } from '../../../src/failover/topology/policy.ts';
import {
  changed,
  type TierChange,
  type TopologyMember,
  type TopologyView,
} from '../../../src/failover/topology/view.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { type NodeId, nodeId } from '../../../src/foundation/ids.ts';
import { type Random, seededRandom } from '../../../src/foundation/random.ts';
import { type Observed, TierKeeper } from '../../../src/node/topology/tier-keeper.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import type { Tier } from '../../../src/ports/tier.ts';
import type { TierChanges } from '../../../src/ports/tier-changes.ts';

interface Node {
  readonly id: NodeId;
  readonly zone: string;
  tier: Tier;
  voter: boolean;
  wanted: 'hot' | null;
  replaces: NodeId | null;
  alive: boolean;
  readonly keeper: TierKeeper;
}

interface Underway {
  readonly change: TierChange;
  readonly dueMs: number;
  readonly by: NodeId;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const stepMs = 500;

/**
 * A cluster of which only the tiers are real: members come and go, distances change by a script, changes take their time. Time is simulated, noise is
 * drawn from a seed. After every change that was made: the leader votes, and no living voter went for less than the target.
 */
export class TierWorld {
  readonly policy: TierPolicy;
  readonly nodes: readonly Node[];
  readonly moves: { readonly atMs: number; readonly what: string }[] = [];
  /** Round trip between two members without noise, ms; follows the script. Null: not measured. */
  roundTripMs: (a: NodeId, b: NodeId, nowMs: number) => number | null;
  /** Rate between two members without noise; follows the script. Null: not measured. */
  bytesPerSecond: (a: NodeId, b: NodeId, nowMs: number) => number | null = () => null;
  changeMs = 5000;
  /** Makes the next changes fail. */
  failures = 0;
  leader: NodeId | null;
  readonly #random: Random;
  readonly #noise: number;
  #nowMs = 0;
  #underway: Underway[] = [];

  constructor(
    members: readonly (readonly [id: string, tier: Tier, zone: string])[],
    policy: Partial<TierPolicy>,
    roundTripMs: TierWorld['roundTripMs'],
    noise = 0.08,
  ) {
    this.policy = { ...defaultTierPolicy, ...policy };
    this.roundTripMs = roundTripMs;
    this.#random = seededRandom('tiers');
    this.#noise = noise;
    const clock: Clock = {
      nowMs: () => this.#nowMs,
      wallMs: () => this.#nowMs,
      after: () => ({ cancel: () => {} }),
      soon: () => {},
    };
    this.nodes = members.map(([name, tier, zone]) => {
      const id = nodeId(name);
      const keeper = new TierKeeper({
        clock,
        nodeLog: silentLog,
        policy: this.policy,
        observe: () => (this.leader === id ? this.#observe(id) : null),
        changes: () => this.#changes(id),
      });
      return { id, zone, tier, voter: tier === 'hot', wanted: null, replaces: null, alive: true, keeper };
    });
    this.leader = this.nodes.find(({ voter }) => voter)?.id ?? null;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  node(id: string): Node {
    const found = this.nodes.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  }

  tiers(): string {
    return this.nodes.map(({ id, tier }) => `${id} ${tier}`).join(', ');
  }

  whats(): readonly string[] {
    return this.moves.map(({ what }) => what);
  }

  /** `script` is called before each step. */
  async run(forMs: number, script: (nowMs: number) => void = () => {}): Promise<void> {
    const untilMs = this.#nowMs + forMs;
    while (this.#nowMs < untilMs) {
      this.#nowMs += stepMs;
      script(this.#nowMs);
      this.#elect();
      for (const { keeper, alive } of this.nodes) if (alive) keeper.look();
      this.#finish();
      for (let turn = 0; turn < 6; turn++) await Promise.resolve();
    }
  }

  #elect(): void {
    const voters = this.nodes.filter(({ voter }) => voter);
    const living = voters.filter(({ alive }) => alive);
    if (living.length <= voters.length / 2) this.leader = null;
    else if (!living.some(({ id }) => id === this.leader)) this.leader = living[0]?.id ?? null;
  }

  #members(): readonly TopologyMember[] {
    return this.nodes.map(({ id, zone, tier, voter, wanted, replaces, alive }) => ({
      id,
      tier,
      voter,
      wanted,
      replaces,
      labels: { zone },
      presence: { kind: alive ? 'alive' : 'lost', forMs: 0 },
      trouble: null,
      score: 0.9,
    }));
  }

  #observe(leader: NodeId): Observed {
    const ids = this.nodes.map(({ id }) => id);
    const noisy = (value: number | null): number | null =>
      value === null ? null : value * (1 + this.#noise * (2 * this.#random.next() - 1));
    const links = new Links(
      ids.map((from) => [
        from,
        ids
          .filter((to) => to > from)
          .map((to) => ({
            to,
            roundTripMs: noisy(this.roundTripMs(from, to, this.#nowMs)),
            bytesPerSecond: noisy(this.bytesPerSecond(from, to, this.#nowMs)),
          })),
      ]),
    );
    const members = this.#members().map(({ presence, ...member }) => ({
      ...member,
      isAlive: presence.kind === 'alive',
    }));
    return { leader, members, links };
  }

  #changes(by: NodeId): TierChanges {
    const begin = (change: TierChange): Promise<void> => {
      const rises = change.kind === 'replace' ? change.by : change.kind === 'promote' ? change.id : null;
      if (rises !== null && this.node(rises).wanted === null)
        Object.assign(this.node(rises), {
          wanted: 'hot',
          replaces: change.kind === 'replace' ? change.lost : null,
        });
      return new Promise((resolve, reject) => {
        this.#underway.push({ change, by, dueMs: this.#nowMs + this.changeMs, resolve, reject });
      });
    };
    return {
      promote: (id) => begin({ kind: 'promote', id }),
      demote: (id, to) => begin({ kind: 'demote', id, to }),
      replace: (lost, other) => begin({ kind: 'replace', lost, by: other }),
      retier: (id, to) => begin({ kind: 'retier', id, to }),
    };
  }

  #finish(): void {
    for (const each of [...this.#underway]) {
      const { change, by, dueMs, resolve, reject } = each;
      const subject = change.kind === 'replace' ? change.by : change.id;
      const isOrphan = this.leader !== by;
      const rises = change.kind === 'replace' || change.kind === 'promote';
      const isGivenUp = rises && this.node(subject).wanted === null;
      const waits = dueMs > this.#nowMs || (rises && !this.node(subject).alive);
      if (!isOrphan && !isGivenUp && waits) continue;
      this.#underway = this.#underway.filter((other) => other !== each);
      if (isOrphan) {
        reject(new TanistError('not-leader', 'leadership was lost'));
      } else if (isGivenUp) {
        reject(new TanistError('cancelled', 'given up'));
      } else if (this.failures > 0) {
        this.failures--;
        reject(new TanistError('learner-not-ready', 'not yet'));
      } else {
        this.#apply(change);
        resolve();
      }
    }
  }

  #apply(change: TierChange): void {
    const living = (): number => this.nodes.filter(({ voter, alive }) => voter && alive).length;
    const before = living();
    const view: TopologyView = { leader: nodeId('none'), members: this.#members(), links: new Links([]) };
    for (const { id, tier, voter, wanted, replaces } of changed(view, change).members)
      Object.assign(this.node(id), { tier, voter, wanted, replaces });
    const { kind } = change;
    const what =
      kind === 'replace'
        ? `replace ${change.lost} by ${change.by}`
        : kind === 'promote'
          ? `promote ${change.id}`
          : `${kind} ${change.id} to ${change.to}`;
    if (view.members.some(({ id, tier }) => kind === 'retier' && change.id === id && change.to === tier))
      return;
    this.moves.push({ atMs: this.#nowMs, what });
    if (this.leader !== null && !this.node(this.leader).voter) throw new Error('the leader was demoted');
    if (living() < Math.min(before, this.policy.hot ?? before)) throw new Error('fewer living voters');
  }
}
