import { assert, present } from '../../src/foundation/assert.ts';
import { type LogIndex, logIndex, type NodeId, nodeId, type Term } from '../../src/foundation/ids.ts';
import { mutant } from '../../src/foundation/mutants.ts';
import { type Random, seededRandom } from '../../src/foundation/random.ts';
import type { Configuration, HardState, LogEntry, LogPoint } from '../../src/ports/log-store.ts';
import { decodeConfiguration } from '../../src/raft/configuration.ts';
import { createRaft } from '../../src/raft/create-raft.ts';
import { createInvariantChecker, type InvariantChecker, type NodeView } from '../../src/raft/invariants.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import type { Raft, RaftOptions } from '../../src/raft/raft.ts';
import type { Persist } from '../../src/raft/ready.ts';
import { describeEntries, describeMessage } from './describe.ts';

/** What survives a crash. */
class Disk {
  hardState: HardState = { term: 0 as Term, vote: null };
  compacted: LogPoint = { index: logIndex(0), term: 0 as Term };
  compactedConfiguration: Configuration;
  entries: LogEntry[] = [];
  applied = logIndex(0);

  constructor(configuration: Configuration) {
    this.compactedConfiguration = configuration;
  }

  get last(): LogIndex {
    return logIndex(this.compacted.index + this.entries.length);
  }

  entryAt(index: LogIndex): LogEntry | null {
    return index <= this.compacted.index ? null : (this.entries[index - this.compacted.index - 1] ?? null);
  }

  write(persist: Persist): void {
    if (persist.hardState !== null) this.hardState = persist.hardState;
    const first = persist.entries[0];
    if (first === undefined) return;
    this.entries.length = first.index - this.compacted.index - 1;
    this.entries.push(...persist.entries);
  }

  pointAt(index: LogIndex): LogPoint {
    if (index === this.compacted.index) return this.compacted;
    return { index, term: present(this.entryAt(index), `an entry at ${index}`).term };
  }

  configurationAt(index: LogIndex): Configuration {
    let configuration = this.compactedConfiguration;
    for (const entry of this.entries) {
      if (entry.index <= index && entry.kind === 'configuration')
        configuration = decodeConfiguration(entry.payload);
    }
    return configuration;
  }

  compact(index: LogIndex): void {
    const point = this.pointAt(index);
    this.compactedConfiguration = this.configurationAt(index);
    this.entries.splice(0, index - this.compacted.index);
    this.compacted = point;
  }

  reset(point: LogPoint, configuration: Configuration): void {
    this.entries = [];
    this.compacted = point;
    this.compactedConfiguration = configuration;
    this.applied = point.index;
  }
}

export class TestNode implements NodeView {
  readonly id: NodeId;
  readonly disk: Disk;
  raft: Raft | null = null;
  incarnation = 0;
  readonly writes: Persist[] = [];
  readonly reads = new Map<number, LogIndex>();
  readsServed = 0;

  constructor(id: NodeId, configuration: Configuration) {
    this.id = id;
    this.disk = new Disk(configuration);
  }

  get status() {
    return this.raft?.status ?? null;
  }

  entryAt(index: LogIndex): LogEntry | null {
    return this.raft === null ? this.disk.entryAt(index) : this.raft.entryAt(index);
  }

  storedTerm(index: LogIndex): Term | 'compacted' | null {
    return index <= this.disk.compacted.index ? 'compacted' : (this.disk.entryAt(index)?.term ?? null);
  }
}

export interface Transfer {
  readonly type: 'snapshot';
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly point: LogPoint;
  readonly configuration: Configuration;
}

export const testOptions: Omit<RaftOptions, 'id' | 'random'> = {
  electionTicks: 8,
  heartbeatTicks: 2,
  rankDelayTicks: 1,
  holdTicks: 2,
  maxAppendBytes: 256,
  maxInflightMessages: 4,
  maxInflightBytes: 1024,
  maxUncommittedBytes: 4096,
  logMemoryBytes: 400,
};

/** A cluster in memory: whoever uses it decides what happens next, message by message and write by write. */
export class TestCluster {
  readonly nodes = new Map<NodeId, TestNode>();
  readonly invariants: InvariantChecker = createInvariantChecker();
  readonly random: Random;
  readonly options: Omit<RaftOptions, 'id' | 'random'>;
  network: (RaftMessage | Transfer)[] = [];
  /** Told of what nodes do, in words. */
  trace: (line: string) => void = () => {};
  #proposed = 0;
  #read = 0;

  constructor(
    seed: number | string,
    configuration: Configuration,
    spares: readonly NodeId[] = [],
    options = testOptions,
  ) {
    this.random = seededRandom(seed);
    this.options = options;
    const none: Configuration = { voters: [], outgoing: [], learners: [] };
    for (const id of [...configuration.voters, ...configuration.learners])
      this.#add(new TestNode(id, configuration));
    for (const id of spares) this.#add(new TestNode(id, none));
  }

  node(id: string): TestNode {
    return present(this.nodes.get(nodeId(id)), `node ${id}`);
  }

  get up(): readonly TestNode[] {
    return [...this.nodes.values()].filter((node) => node.raft !== null);
  }

  get leader(): TestNode | null {
    const leaders = this.up.filter((node) => node.status?.role === 'leader');
    return leaders.sort((a, b) => (b.status?.term ?? 0) - (a.status?.term ?? 0))[0] ?? null;
  }

  /** Lets the node act, takes what it wants done, and checks every invariant. */
  act(node: TestNode, input: (raft: Raft) => void): void {
    if (node.raft === null) return;
    input(node.raft);
    this.#drain(node);
    this.check();
  }

  check(): void {
    this.invariants.check([...this.nodes.values()]);
  }

  /** The oldest write that is under way becomes durable. */
  completeWrite(node: TestNode): void {
    const persist = node.writes.shift();
    if (persist === undefined) return;
    node.disk.write(persist);
    this.act(node, (raft) => raft.persisted(persist.token));
    this.#send(persist.messages);
  }

  deliver(message: RaftMessage | Transfer): void {
    const to = this.nodes.get(message.to);
    if (message.type === 'snapshot') {
      const sender = present(this.nodes.get(message.from), 'the sender');
      if (to?.raft) this.act(to, (raft) => raft.step({ ...message, type: 'installSnapshot' }));
      this.act(sender, (raft) => raft.snapshotSent(message.to, to?.raft ? message.point : null));
    } else if (to !== undefined) this.act(to, (raft) => raft.step(message));
  }

  propose(node: TestNode): boolean {
    let accepted = false;
    const payload = Buffer.from(`c${++this.#proposed}`);
    this.act(node, (raft) => {
      accepted = raft.propose('commands', payload).accepted;
    });
    return accepted;
  }

  read(node: TestNode): void {
    const id = ++this.#read;
    node.reads.set(id, this.invariants.committed);
    this.act(node, (raft) => raft.readIndex(id));
  }

  /** Writes that are under way may or may not have reached the disk, in order; nothing is told. */
  /** `survived`: how many of the writes under way are on the disk. */
  crash(node: TestNode, survived = this.random.below(node.writes.length + 1)): void {
    for (const persist of node.writes.splice(0, survived)) node.disk.write(persist);
    node.writes.length = 0;
    node.reads.clear();
    node.raft = null;
  }

  restart(node: TestNode): void {
    const { disk } = node;
    if (mutant.active === 'vote-lost-at-restart') disk.hardState = { term: disk.hardState.term, vote: null };
    const applied = logIndex(
      disk.compacted.index + this.random.below(disk.applied - disk.compacted.index + 1),
    );
    disk.applied = applied;
    const tailFrom = Math.min(this.random.below(applied - disk.compacted.index + 1), disk.entries.length - 1);
    node.incarnation++;
    node.raft = createRaft(
      { ...this.options, id: node.id, random: this.random.fork(`${node.id}/${node.incarnation}`) },
      {
        hardState: disk.hardState,
        compacted: disk.compacted,
        entries: disk.entries.slice(Math.max(0, tailFrom)),
        configuration: disk.configurationAt(applied),
        applied,
      },
    );
    this.#drain(node);
  }

  #send(messages: readonly RaftMessage[]): void {
    for (const message of messages) {
      this.invariants.sent(message);
      this.trace(describeMessage(message));
      this.network.push(message);
    }
  }

  #add(node: TestNode): void {
    this.nodes.set(node.id, node);
    this.restart(node);
  }

  #drain(node: TestNode): void {
    const raft = present(node.raft, 'a node that is up');
    for (let ready = raft.ready(); ready !== null; ready = raft.ready()) {
      if (ready.soft !== null) {
        this.trace(
          `${node.id} is ${ready.soft.role} in term ${ready.soft.term}, leader ${ready.soft.leader ?? 'none'}`,
        );
      }
      this.#send(ready.messages);
      if (ready.persist !== null) node.writes.push(ready.persist);
      const last = ready.committed[ready.committed.length - 1];
      if (last !== undefined) {
        assert(last.index <= node.disk.last, 'only durable entries are applied');
        node.disk.applied = logIndex(Math.max(node.disk.applied, last.index));
        raft.applied(last.index);
        this.trace(`${node.id} applies ${describeEntries(ready.committed)}`);
      }
      for (const { id, index } of ready.reads) {
        const committed = present(node.reads.get(id), 'the read is open');
        node.reads.delete(id);
        assert(
          index === null || index >= committed,
          `a read at ${index} misses what was committed at ${committed}`,
        );
        if (index !== null) node.readsServed++;
        this.trace(`${node.id} ${index === null ? 'refuses the read' : `may serve the read at ${index}`}`);
      }
      for (const { to } of ready.snapshots) {
        const { disk, id } = node;
        const point = disk.pointAt(disk.applied);
        const configuration = disk.configurationAt(disk.applied);
        this.trace(`${id}>${to} snapshot of ${point.index}`);
        this.network.push({ type: 'snapshot', from: id, to, term: raft.status.term, point, configuration });
      }
      for (const { to, from, until } of ready.logReads) {
        const available = from > node.disk.compacted.index;
        const entries = node.disk.entries.filter((entry) => entry.index >= from && entry.index < until);
        raft.logRead(to, available && entries.length > 0 ? entries.slice(0, 1 + this.random.below(4)) : null);
      }
      if (ready.install !== null) this.#install(node, ready.install);
    }
  }

  #install(
    node: TestNode,
    install: { readonly point: LogPoint; readonly configuration: Configuration },
  ): void {
    const raft = present(node.raft, 'a node that is up');
    for (const persist of node.writes.splice(0)) {
      node.disk.write(persist);
      raft.persisted(persist.token);
      this.#send(persist.messages);
    }
    this.trace(`${node.id} installs the snapshot of ${install.point.index}`);
    node.disk.reset(install.point, install.configuration);
    raft.installed(install.point);
  }
}
