import { defaultScore, defaultSuspicion } from '../../../src/failover/options.ts';
import { present } from '../../../src/foundation/assert.ts';
import { type NodeId, nodeId, noSession } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import type { TanistNode } from '../../../src/node/node.ts';
import { openNode } from '../../../src/node/open-node.ts';
import type { Vitals } from '../../../src/node/vitals.ts';
import type { NodeEventFields, NodeLog } from '../../../src/ports/node-log.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { Life } from '../../../src/simulator/world/life.ts';
import { Network } from '../../../src/simulator/world/network.ts';
import { nodeClock } from '../../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../../src/simulator/world/sim-disk.ts';
import { SimTransport } from '../../../src/simulator/world/sim-transport.ts';
import { Trace } from '../../../src/simulator/world/trace.ts';
import { put } from '../../state/commands.ts';

const names = ['a', 'b', 'c'].map(nodeId);
const calm = { latencyMs: 0.3, jitterMs: 0.1, spikes: 0, spikeMs: 0, loss: 0, duplication: 0, reordering: 0 };

/** Three real nodes on simulated clocks, disks and network; the test says how much of its memory each uses. */
export class Trio {
  readonly scheduler = new Scheduler();
  readonly nodes = new Map<NodeId, TanistNode>();
  readonly told: { readonly id: NodeId; readonly event: string; readonly fields: NodeEventFields }[] = [];
  /** Part in use, and how much more with each second. */
  readonly memory = new Map<NodeId, { used: number; rise: number }>();
  readonly #lives = new Map<NodeId, Life>();
  readonly #network: Network;
  #writes = 0;

  constructor(seed: number) {
    const trace = new Trace(false, () => this.scheduler.nowMs);
    this.#network = new Network(this.scheduler, seededRandom(seed), trace, calm);
  }

  static async start(seed = 1): Promise<Trio> {
    const trio = new Trio(seed);
    for (const id of names) await trio.#open(id, seed);
    await trio.pass(3);
    return trio;
  }

  /** Fails where nobody leads at this moment. */
  get leader(): NodeId {
    return present(this.#leading(), 'a member leads');
  }

  /** Until another one leads. */
  async passUntilMoved(from: NodeId): Promise<void> {
    while ((this.#leading() ?? from) === from) await this.pass(0.1);
  }

  #leading(): NodeId | null {
    const found = [...this.nodes].find(
      ([id, node]) => node.inspect().open && this.#lives.get(id)?.dead === false,
    );
    return found?.[0] ?? null;
  }

  /** A write each tenth of a second at whoever leads. */
  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 10; i++) {
      await this.scheduler.run(
        this.scheduler.nowMs + 100,
        () => {},
        () => false,
      );
      for (const memory of this.memory.values()) memory.used = Math.min(1, memory.used + memory.rise / 10);
      for (const [id, node] of this.nodes) if (node.inspect().open) this.#write(id, node);
    }
  }

  /** Its process ends, as of a lack of memory. */
  kill(id: NodeId): void {
    this.#lives.get(id)?.end();
    this.nodes.delete(id);
    this.#network.closed(id);
  }

  said(event: string): readonly { readonly id: NodeId; readonly fields: NodeEventFields }[] {
    return this.told.filter((one) => one.event === event);
  }

  #write(id: NodeId, node: TanistNode): void {
    const commands = [put('k', String(this.#writes++))];
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    this.#lives
      .get(id)
      ?.enter(() => node.submit({ bytes: encodeCommandBatch(batch), batch, settle: () => {}, early: null }));
  }

  async #open(id: NodeId, seed: number): Promise<void> {
    const { scheduler } = this;
    const random = seededRandom(`${seed} ${id}`);
    const life = new Life(id, scheduler, (error) => {
      throw error;
    });
    this.#lives.set(id, life);
    this.memory.set(id, { used: 0.2, rise: 0 });
    const note = (event: string, fields: NodeEventFields = {}): void =>
      void this.told.push({ id, event, fields });
    const nodeLog: NodeLog = { info: note, warn: note, error: note };
    const opened = openNode(
      {
        id,
        clusterId: 'trio',
        dataFolder: `/simulated/${id}`,
        members: names.map((name) => ({
          id: name,
          clientAddress: '',
          peerAddress: name,
          httpAddress: '',
          tier: 'hot',
        })),
        tickMs: 10,
        heartbeatMs: 20,
        electionMs: 500,
        rankDelayMs: 10,
        holdMs: 20,
        suspicion: { ...defaultSuspicion, heartbeatMs: 20 },
        score: defaultScore,
        requestLimits: defaultRequestLimits,
        appendBytes: 65_536,
        inflightMessages: 16,
        inflightBytes: 1 << 20,
        uncommittedBytes: 1 << 20,
        logMemoryBytes: 1 << 20,
        logDiskBytes: 1 << 20,
        flushEveryMs: 50,
        flushBytes: 1 << 20,
        diskReserveBytes: 0,
      },
      {
        clock: nodeClock(scheduler, life, { originMs: 0, drift: 0, wallOffsetMs: 1e12 }, random),
        random: random.fork('node'),
        disk: new SimDisk(scheduler, random.fork('disk')).port(life),
        nodeLog,
        vitals: () => this.#vitals(id),
        transport: (handler, identity) =>
          new SimTransport(
            this.#network,
            life,
            handler,
            identity,
            names.filter((name) => name !== id),
          ),
      },
    );
    const node = await this.#until(opened);
    this.nodes.set(id, node);
    await this.#until(node.start());
  }

  #vitals(id: NodeId): Vitals {
    const { used } = this.memory.get(id)!;
    return { memoryUsedBytes: used * 1000, memoryLimitBytes: 1000, diskFreeBytes: 900, diskBytes: 1000 };
  }

  async #until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    await this.scheduler.run(
      this.scheduler.nowMs + 60_000,
      () => {},
      () => settled,
    );
    return promise;
  }
}
