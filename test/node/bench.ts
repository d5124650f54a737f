import { defaultScore, defaultSuspicion } from '../../src/failover/options.ts';
import {
  clusterTimeMs,
  type LogIndex,
  logIndex,
  type NodeId,
  nodeId,
  noSession,
  revision,
  type Term,
  term,
} from '../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { TanistNode } from '../../src/node/node.ts';
import { openNode } from '../../src/node/open-node.ts';
import type { NodeOptions, NodePorts } from '../../src/node/options.ts';
import type { Vitals } from '../../src/node/vitals.ts';
import type { Block, Command } from '../../src/ports/command.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import type { ImageStore } from '../../src/ports/image-store.ts';
import type { Configuration, LogEntry } from '../../src/ports/log-store.ts';
import { type NodeLog, silentLog } from '../../src/ports/node-log.ts';
import type { PredictionSource } from '../../src/ports/prediction.ts';
import type { FailedResult } from '../../src/ports/result.ts';
import type { OutgoingSnapshot, TransportHandler } from '../../src/ports/transport.ts';
import { encodeBlock } from '../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../src/protocol/session/write-command.ts';
import { encodeConfiguration } from '../../src/raft/configuration.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import { Life } from '../../src/simulator/world/life.ts';
import { nodeClock } from '../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../src/simulator/world/scheduler.ts';
import { SimDisk } from '../../src/simulator/world/sim-disk.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { put } from '../state/commands.ts';

/** `Omit` over each of a union's members. */
type Without<Union, Keys extends string> = Union extends unknown ? Omit<Union, Keys> : never;
type Said = Without<RaftMessage, 'from' | 'to' | 'term'>;

/** One real node on a simulated disk and clock. The test plays its peers. */
export class Bench {
  readonly scheduler = new Scheduler();
  readonly disk: SimDisk;
  readonly sent: RaftMessage[] = [];
  readonly time = { originMs: 0, drift: 0, wallOffsetMs: 1e12 };
  /** Snapshots that the node tried to send: each is answered by the test. */
  readonly snapshots: OutgoingSnapshot[] = [];
  readonly self: NodeId = nodeId('b');
  readonly configuration: Configuration;
  /** What the machine has; null: unknown, as where there is none. */
  vitals: Vitals | null = null;
  /** What peers say of themselves. */
  readonly reports = new Map<string, Uint8Array>();
  /** What the node is given to predict with. */
  predictions: PredictionSource | null = null;
  failure: Error | null = null;
  closed = false;
  #node: TanistNode | null = null;
  #handler: TransportHandler<RaftMessage> | null = null;
  #life: Life | null = null;
  /** What the node has beside what every node has. */
  ports: Partial<NodePorts> = {};
  readonly #options: Partial<NodeOptions>;
  readonly #seed: number;

  constructor(seed = 1, voters: readonly string[] = ['a', 'b', 'c'], options: Partial<NodeOptions> = {}) {
    this.#seed = seed;
    this.#options = options;
    this.configuration = { voters: voters.map(nodeId), outgoing: [], learners: [] };
    this.disk = new SimDisk(this.scheduler, seededRandom(seed));
  }

  get node(): TanistNode {
    return this.#node as TanistNode;
  }

  get handler(): TransportHandler<RaftMessage> {
    return this.#handler as TransportHandler<RaftMessage>;
  }

  async start(nodeLog: NodeLog = silentLog): Promise<void> {
    const life = new Life('b', this.scheduler, (error) => {
      this.failure ??= error as Error;
    });
    this.#life = life;
    const { sent, snapshots } = this;
    const opened = openNode(optionsOf(this.configuration.voters, this.#options), {
      clock: nodeClock(this.scheduler, life, this.time, seededRandom(this.#seed)),
      random: seededRandom(this.#seed),
      disk: this.disk.port(life),
      nodeLog,
      vitals: () => this.vitals ?? noVitals,
      ...this.ports,
      ...(this.predictions === null ? {} : { predictions: this.predictions }),
      transport: (handler) => {
        this.#handler = handler;
        return {
          start: async () => {},
          send: (_, message) => void sent.push(message),
          flush: () => {},
          probe: () => new Promise(() => {}),
          sendSnapshot: async (_, snapshot) => void snapshots.push(snapshot),
          setPeers: () => {},
          roundTripMs: () => 1,
          close: async () => {},
        };
      },
    });
    this.#node = await this.until(opened);
    this.#node.onFailure((error) => {
      this.failure ??= error;
    });
    await this.until(this.#node.start());
    for (const peer of this.configuration.voters) {
      if (peer === this.self) continue;
      const start = { index: logIndex(0), term: term(0) };
      const identity = {
        storeId: `store ${peer}`,
        bootCounter: 1,
        incarnation: 'i',
        last: start,
        doubted: false,
      };
      await this.until(this.handler.hello(peer, identity, 'c1', ''));
      this.handler.connected(peer, identity);
    }
  }

  /** Simulated time passes. */
  run(ms: number, done: () => boolean = () => false): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => {}, done);
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    await this.run(60_000, () => settled);
    return promise;
  }

  hear(from: string, inTerm: number, said: Said): void {
    const message = { ...said, from: nodeId(from), to: this.self, term: term(inTerm) } as RaftMessage;
    this.#life?.enter(() => this.handler.received(nodeId(from), [message]));
  }

  heartbeat(from: string, inTerm: number, commit = 0, context: Uint8Array = nothing): void {
    this.hear(from, inTerm, {
      type: 'heartbeat',
      commit: logIndex(commit),
      round: 0,
      succession: [],
      context,
    });
  }

  append(from: string, inTerm: number, entries: readonly LogEntry[], commit: number): void {
    const first = entries[0]?.index ?? 1;
    const previous = { index: logIndex(first - 1), term: term(first === 1 ? 0 : inTerm) };
    this.hear(from, inTerm, { type: 'append', previous, entries, commit: logIndex(commit) });
  }

  /** Wins an election as its peers grant every vote, and confirms what it sends. */
  async lead(): Promise<void> {
    await this.run(20_000, () => {
      this.answer();
      return this.node.inspect().open;
    });
  }

  /** Answers what was sent since the last call as peers in good health would. */
  answer(): void {
    for (const message of this.sent.splice(0)) {
      const { to: from, term: at } = message;
      if (message.type === 'preVote')
        this.hear(from, at, { type: 'preVoteReply', granted: true, reason: 'granted', round: message.round });
      else if (message.type === 'vote')
        this.hear(from, at, { type: 'voteReply', granted: true, reason: 'granted', round: message.round });
      else if (message.type === 'heartbeat')
        this.hear(from, at, {
          type: 'heartbeatReply',
          round: message.round,
          context: this.reports.get(from) ?? nothing,
        });
      else if (message.type === 'append') {
        const match = logIndex(message.previous.index + message.entries.length);
        const hint = { index: match, term: at };
        this.hear(from, at, { type: 'appendReply', rejected: false, match, hint });
      }
    }
  }
}

const nothing = new Uint8Array(0);
const noVitals: Vitals = {
  memoryUsedBytes: null,
  memoryLimitBytes: null,
  diskFreeBytes: null,
  diskBytes: null,
};

function optionsOf(voters: readonly NodeId[], rest: Partial<NodeOptions>): NodeOptions {
  return {
    id: nodeId('b'),
    clusterId: 'c1',
    dataFolder: '/simulated',
    members: voters.map((id) => ({ id, clientAddress: '', peerAddress: '', httpAddress: '', tier: 'hot' })),
    tickMs: 10,
    heartbeatMs: 20,
    electionMs: 500,
    rankDelayMs: 10,
    holdMs: 20,
    suspicion: { ...defaultSuspicion, heartbeatMs: 20, floorMs: 60_000, ceilingMs: 60_000 },
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
    ...rest,
  };
}

/** Every entry of the log that the test's leader has: a put or a few each. */
export function commandsAt(index: number): readonly Command[] {
  return Array.from({ length: index <= 10 ? 1 : 30 }, (_, i) => put(`k${index}-${i}`, 'v'.repeat(600)));
}

export function blockAt(index: number, commands = commandsAt(index)): Block {
  return {
    timeMs: clusterTimeMs(1e12 + index),
    batches: [{ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands }],
  };
}

export function entryAt(index: number, at = 1): LogEntry {
  const { timeMs, batches } = blockAt(index);
  return {
    term: term(at) as Term,
    index: logIndex(index) as LogIndex,
    kind: 'commands',
    payload: encodeBlock(timeMs, batches.map(encodeCommandBatch)),
  };
}

/** The image of a leader that has applied `entryAt(1)` to `entryAt(last)`, and its state. */
export async function leaderImage(
  bench: Bench,
  last: number,
): Promise<{ readonly image: ImageStore; readonly state: StateMachine }> {
  const { scheduler, configuration } = bench;
  const life = new Life('a', scheduler, (error) => {
    throw error;
  });
  const disk = new SimDisk(scheduler, seededRandom(99)).port(life);
  const image = await bench.until(openImage(disk, { clusterId: 'c1', folder: 'a', chunkBytes: 8192 }));
  await bench.until(image.load());
  const state = createStateMachine({ limits: defaultRequestLimits, configuration });
  for (let index = 1; index <= last; index++) {
    state.apply({ index: logIndex(index), term: term(1) }, blockAt(index));
    state.takeDeltas();
    image.append(state.takeImageBatch());
    if (index % 10 === 0) await bench.until(image.flush({ sync: false }));
  }
  await bench.until(image.flush({ sync: true }));
  return { image, state };
}

export async function offer(bench: Bench, image: ImageStore, inTerm = 1): Promise<void> {
  const { applied, chunks, close } = await bench.until(image.snapshot());
  const header = encodeConfiguration(applied.configuration);
  const { point } = applied;
  await bench.until(bench.handler.snapshot(nodeId('a'), { point, term: term(inTerm), header, chunks }));
  await bench.until(close());
}

/** A watcher of everything, from a revision on. */
export class Seen {
  readonly deltas: StateDelta[] = [];
  through = 0;
  ended: string | null = null;

  constructor(node: TanistNode, from: number) {
    node.watch(
      {
        space: 'user',
        key: 'k' as never,
        rangeEnd: 'l' as never,
        fromRevision: revision(from),
        previous: false,
      },
      {
        events: (batch) => {
          this.deltas.push(...batch.events.map(({ delta }) => delta));
          this.through = batch.revision;
          return true;
        },
        ended: ({ code }: FailedResult) => {
          this.ended = code;
        },
      },
    );
  }

  get revisions(): readonly number[] {
    return this.deltas.map(({ revision: at }) => at);
  }
}
