import { assert } from '../../src/foundation/assert.ts';
import { logIndex, type NodeId, nodeId } from '../../src/foundation/ids.ts';
import type { Random } from '../../src/foundation/random.ts';
import type { Configuration } from '../../src/ports/log-store.ts';
import { TestCluster, type TestNode } from './test-cluster.ts';

export interface RunResult {
  readonly steps: number;
  readonly committed: number;
  readonly reads: number;
}

const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(nodeId);

/**
 * One seed: a cluster under random faults for `steps` steps with every invariant checked after each (safety), then without faults,
 * when it must elect a leader and agree (liveness). Throws AssertionError at the first violation.
 */
export function randomRun(seed: number, steps: number): RunResult {
  const random = new Seeded(seed);
  const { cluster } = random;
  for (let step = 0; step < steps; step++) {
    random.step();
    cluster.check();
  }
  settle(cluster);
  let reads = 0;
  for (const node of cluster.nodes.values()) reads += node.readsServed;
  return { steps, committed: cluster.invariants.committed, reads };
}

class Seeded {
  readonly cluster: TestCluster;
  readonly #random: Random;
  readonly #loss: number;
  readonly #duplication: number;
  readonly #reordering: number;
  readonly #crashes: number;
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
    const spares = ids.filter(
      (id) => !configuration.voters.includes(id) && !configuration.learners.includes(id),
    );
    this.cluster = new TestCluster(seed, configuration, spares);
    this.#random = this.cluster.random.fork('faults');
    this.#loss = this.#random.pick([0, 0.02, 0.1]);
    this.#duplication = this.#random.pick([0, 0.05]);
    this.#reordering = this.#random.pick([0, 0.2, 0.6]);
    this.#crashes = this.#random.pick([0, 4, 12]);
    this.#changes = this.#random.chance(0.6);
  }

  step(): void {
    const random = this.#random;
    const { cluster } = this;
    const draw = random.below(1000);
    const node = random.pick([...cluster.nodes.values()]);
    if (node.raft === null) {
      if (random.chance(0.05)) cluster.restart(node);
      return this.#deliver();
    }
    if (draw < 480) this.#deliver();
    else if (draw < 640) cluster.completeWrite(node);
    else if (draw < 820) cluster.act(node, (raft) => raft.tick());
    else if (draw < 880) cluster.propose(random.chance(0.9) ? (cluster.leader ?? node) : node);
    else if (draw < 920) cluster.read(random.chance(0.5) ? (cluster.leader ?? node) : node);
    else if (draw < 935) this.#observe(node);
    else if (draw < 945) this.#partition();
    else if (draw < 950) cluster.act(node, (raft) => raft.transfer(null));
    else if (draw < 962) this.#compact(node);
    else if (draw < 966) cluster.act(node, (raft) => raft.peerReset(random.pick(ids)));
    else if (draw < 976) this.#change();
    else if (draw < 976 + this.#crashes) cluster.crash(node);
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
      if (sender !== undefined) this.cluster.act(sender, (raft) => raft.snapshotSent(message.to, false));
    }
  }

  #observe(node: TestNode): void {
    const { leader, term } = this.cluster.node(node.id).status ?? { leader: null, term: null };
    if (leader === null || term === null) return;
    const alive = this.#random.chance(0.3);
    this.cluster.act(node, (raft) =>
      alive ? raft.leaderAlive(leader, term) : raft.leaderLost(leader, term),
    );
  }

  #partition(): void {
    this.#side = new Set(this.#random.chance(0.5) ? ids.filter(() => this.#random.chance(0.4)) : []);
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
    const shuffled = ids.map((id) => ({ id, key: this.#random.next() })).sort((a, b) => a.key - b.key);
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
  let target = 0;
  for (let round = 0; round < 400; round++) {
    for (const node of cluster.up) cluster.act(node, (raft) => raft.tick());
    for (let pass = 0; pass < 6; pass++) {
      for (const node of cluster.up) while (node.writes.length > 0) cluster.completeWrite(node);
      for (const message of cluster.network.splice(0)) cluster.deliver(message);
    }
    cluster.check();
    const status = cluster.leader?.status ?? null;
    if (cluster.leader === null || status === null || status.configuration.outgoing.length > 0) continue;
    if (target === 0) target = cluster.propose(cluster.leader) ? status.last.index + 1 : 0;
    else if (hasAll(cluster, status.configuration, target)) return;
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
