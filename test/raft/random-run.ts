import { assert } from '../../src/foundation/assert.ts';
import { logIndex, type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { type Random, seededRandom } from '../../src/foundation/random.ts';
import type { Configuration } from '../../src/ports/log-store.ts';
import { isMember } from '../../src/raft/configuration.ts';
import { TestCluster, type TestNode, testOptions } from './test-cluster.ts';

export interface RunResult {
  readonly steps: number;
  readonly committed: number;
  readonly reads: number;
}

const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(nodeId);

/**
 * One seed: a cluster under random faults for `steps` steps (safety: every invariant is checked after each input), then without
 * faults, when it must elect a leader and agree (liveness). Throws AssertionError at the first violation.
 */
export function randomRun(seed: number, steps: number): RunResult {
  const random = new Seeded(seed);
  const { cluster } = random;
  for (let step = 0; step < steps; step++) {
    random.step();
  }
  settle(cluster);
  let reads = 0;
  for (const node of cluster.nodes.values()) reads += node.readsServed;
  return { steps, committed: cluster.invariants.committed, reads };
}

class Seeded {
  readonly cluster: TestCluster;
  readonly #random: Random;
  readonly #all: readonly NodeId[];
  readonly #loss: number;
  readonly #duplication: number;
  readonly #reordering: number;
  readonly #crashes: number;
  readonly #diskSpeed: number;
  readonly #netSpeed: number;
  readonly #changes: boolean;
  /** Messages between the two sides are lost. */
  #side = new Set<NodeId>();

  constructor(seed: number) {
    const voters = 1 + (seed % 5);
    const configuration: Configuration = {
      voters: ids.slice(0, voters),
      outgoing: [],
      learners: seed % 3 === 0 ? ids.slice(voters, voters + 1) : [],
    };
    const spares = ids.filter((id) => !isMember(configuration, id)).slice(0, seed % 4 === 0 ? 2 : 0);
    const random = seededRandom(`faults ${seed}`);
    this.#random = random;
    this.cluster = new TestCluster(seed, configuration, spares, {
      ...testOptions,
      electionTicks: random.pick([4, 8]),
      holdTicks: random.pick([0, 2]),
      rankDelayTicks: random.pick([0, 1]),
      maxAppendBytes: random.pick([1, 100, 1000]),
    });
    this.#all = [...this.cluster.nodes.keys()];
    this.#loss = random.pick([0, 0.02, 0.1]);
    this.#duplication = random.pick([0, 0.2]);
    this.#reordering = random.pick([0, 0.3, 0.9]);
    this.#crashes = random.pick([0, 4, 12]);
    this.#netSpeed = random.pick([1, 2, 6]);
    this.#diskSpeed = random.pick([0.2, 0.8]);
    this.#changes = random.chance(0.5);
  }

  step(): void {
    const random = this.#random;
    const { cluster } = this;
    const node = random.pick([...cluster.nodes.values()]);
    if (node.raft === null) {
      if (random.chance(0.3)) cluster.restart(node);
      return;
    }
    const draw = random.below(1000);
    if (draw < 450) for (let n = random.below(this.#netSpeed); n >= 0; n--) this.#deliver();
    else if (draw < 600)
      while (node.writes.length > 0 && random.chance(this.#diskSpeed)) this.#completeWrite(node);
    else if (draw < 800) cluster.act(node, (raft) => raft.tick());
    else if (draw < 870) cluster.propose(this.#someLeader() ?? node);
    else if (draw < 920) cluster.read(random.chance(0.6) ? (this.#someLeader() ?? node) : node);
    else if (draw < 935) this.#observe(random.chance(0.3) ? cluster.up : [node]);
    else if (draw < 940) this.#partition();
    else if (draw < 943) cluster.act(node, (raft) => raft.transfer(null));
    else if (draw < 948) this.#compact(node);
    else if (draw < 952) cluster.act(node, (raft) => raft.peerReset(random.pick(this.#all)));
    else if (draw < 958) this.#change();
    else if (draw < 958 + this.#crashes) cluster.crash(node);
    else if (draw < 958 + 2 * this.#crashes) {
      cluster.crash(node);
      cluster.restart(node);
    }
  }

  /** Right after a vote is the moment when a restart hurts most. */
  #completeWrite(node: TestNode): void {
    const voted = node.writes[0]?.messages.some((message) => message.type === 'voteReply') ?? false;
    this.cluster.completeWrite(node);
    if (!voted || !this.#random.chance(this.#crashes / 50)) return;
    this.cluster.crash(node);
    this.cluster.restart(node);
    this.#lateHandOver();
  }

  /** A hand-over that was long under way reaches someone now: campaigns in the same term as others. */
  #lateHandOver(): void {
    const heir = this.#random.pick(this.#all);
    const { status, id } = this.cluster.nodes.get(heir) ?? {};
    if (!status || !id) return;
    const { term } = status;
    this.cluster.deliver({ from: this.#random.pick(this.#all), to: id, term, type: 'timeoutNow' });
  }

  #someLeader(): TestNode | null {
    const leaders = this.cluster.up.filter((node) => node.status?.role === 'leader');
    return leaders.length > 0 ? this.#random.pick(leaders) : null;
  }

  #deliver(): void {
    const random = this.#random;
    const { network } = this.cluster;
    if (network.length === 0) return;
    const at = random.chance(this.#reordering) ? random.below(network.length) : 0;
    const message = network[at];
    if (message === undefined) return;
    if (!random.chance(this.#duplication)) network.splice(at, 1);
    const cut = this.#side.has(message.from) !== this.#side.has(message.to);
    if (!cut && !random.chance(this.#loss)) this.cluster.deliver(message);
    else if (message.type === 'snapshot') {
      const sender = this.cluster.nodes.get(message.from);
      if (sender !== undefined) this.cluster.act(sender, (raft) => raft.snapshotSent(message.to, null));
    }
  }

  /** Each of them says of its leader that it is dead, or alive: rightly or not, safety does not depend on it. */
  #observe(nodes: readonly TestNode[]): void {
    for (const node of nodes) {
      const { leader, term } = node.status ?? { leader: null, term: null };
      if (leader === null || term === null) continue;
      const alive = this.#random.chance(0.2);
      const dropped = this.#random.chance(0.5);
      this.cluster.act(node, (raft) => {
        if (dropped) raft.leaderDropped(leader, term);
        if (alive) raft.leaderAlive(leader, term);
        else if (!dropped || this.#random.chance(0.5)) raft.leaderLost(leader, term);
      });
    }
  }

  #partition(): void {
    const random = this.#random;
    const leader = this.#someLeader();
    if (random.chance(0.3)) this.#side = new Set();
    else if (leader !== null && random.chance(0.6)) this.#side = new Set([leader.id]);
    else this.#side = new Set(this.#all.filter(() => random.chance(0.4)));
  }

  #compact({ raft, disk }: TestNode): void {
    if (raft === null || disk.applied <= disk.compacted.index) return;
    const index = logIndex(
      disk.compacted.index + 1 + this.#random.below(disk.applied - disk.compacted.index),
    );
    // An image that was not yet synced would be rolled back only to here.
    disk.compact(index);
    raft.compacted(disk.compacted);
  }

  #change(): void {
    if (!this.#changes) return;
    const { cluster } = this;
    const shuffled = this.#all.map((id) => ({ id, key: this.#random.next() })).sort((a, b) => a.key - b.key);
    const count = 1 + this.#random.below(4);
    const voters = shuffled.slice(0, count).map(({ id }) => id);
    const learners = shuffled.slice(count, count + this.#random.below(2)).map(({ id }) => id);
    const { leader } = cluster;
    if (leader !== null) cluster.act(leader, (raft) => raft.proposeConfiguration({ voters, learners }));
  }
}

/** Nothing is lost any more: within a bound there is a leader, a new entry commits, and every member has it. */
function settle(cluster: TestCluster): void {
  for (const node of cluster.nodes.values()) if (node.raft === null) cluster.restart(node);
  let target = { leader: nodeId('none'), term: -1, index: 0 };
  for (let round = 0; round < 400; round++) {
    for (const node of cluster.up) cluster.act(node, (raft) => raft.tick());
    for (let pass = 0; pass < 6; pass++) {
      for (const node of cluster.up) while (node.writes.length > 0) cluster.completeWrite(node);
      for (const message of cluster.network.splice(0)) cluster.deliver(message);
    }
    const { leader } = cluster;
    const status = leader?.status ?? null;
    if (leader === null || status === null || status.configuration.outgoing.length > 0) continue;
    if (target.leader === leader.id && target.term === status.term) {
      if (hasAll(cluster, status.configuration, target.index)) return;
    } else if (cluster.propose(leader))
      target = { leader: leader.id, term: status.term, index: status.last.index + 1 };
  }
  assert(false, `no progress after the faults ended: ${describe(cluster)}`);
}

function hasAll(cluster: TestCluster, { voters, learners }: Configuration, index: number): boolean {
  return [...voters, ...learners].every((id) => (cluster.node(id).status?.applied ?? 0) >= index);
}

function describe(cluster: TestCluster): string {
  return [...cluster.nodes.values()]
    .map(({ id, status }) => `${id} ${status?.role} t${status?.term} ${status?.commit}/${status?.last.index}`)
    .join(', ');
}
