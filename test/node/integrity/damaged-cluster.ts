import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/api/system-clock.ts';
import { defaultScore, defaultSuspicion } from '../../../src/failover/options.ts';
import { type ByteString, textOf } from '../../../src/foundation/bytes.ts';
import { nodeId, noSession } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import { seededRandom } from '../../../src/foundation/random.ts';
import { freePorts } from '../../../src/local/ports.ts';
import type { TanistNode } from '../../../src/node/node.ts';
import { openNode } from '../../../src/node/open-node.ts';
import type { Command } from '../../../src/ports/command.ts';
import { spaces } from '../../../src/ports/delta.ts';
import type { NodeLog } from '../../../src/ports/node-log.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { type LevelDisk, openLevelDisk } from '../../../src/storage/level/level-disk.ts';
import { GrpcTransport } from '../../../src/transport/grpc-transport.ts';
import { put, range } from '../../state/commands.ts';

const noBatch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0 };
const everything = '\0' as ByteString;
/** Small, so that a short history has tables, several chunks and a compacted log. */
const databases = {
  log: { writeBufferBytes: 32 * 1024, maxFileBytes: 32 * 1024 },
  state: { writeBufferBytes: 32 * 1024, maxFileBytes: 32 * 1024 },
};

interface Member {
  readonly folder: string;
  node: TanistNode | null;
  disk: LevelDisk | null;
  readonly events: string[];
  /** A put that its state takes alone, with the next block. */
  flaw: Command | null;
}

/** Real nodes on LevelDB and gRPC, in this process, whose files a test may spoil while they are down. */
export class DamagedCluster {
  readonly members: readonly Member[];
  /** What was acknowledged, by key. */
  readonly written = new Map<string, string>();
  readonly #root: string;
  readonly #ports: readonly number[];
  #starts = 0;

  private constructor(root: string, ports: readonly number[]) {
    this.#root = root;
    this.#ports = ports;
    this.members = ports.map((_, i) => ({
      folder: join(root, `n${i}`),
      node: null,
      disk: null,
      events: [],
      flaw: null,
    }));
  }

  static async start(count: number): Promise<DamagedCluster> {
    const root = await mkdtemp(join(tmpdir(), 'tanist-damaged-'));
    const cluster = new DamagedCluster(root, await freePorts(count));
    await Promise.all(cluster.members.map((_, i) => cluster.up(i)));
    return cluster;
  }

  async up(index: number): Promise<void> {
    const member = this.members[index]!;
    const id = nodeId(`n${index}`);
    const address = (i: number): string => `127.0.0.1:${this.#ports[i]}`;
    const all = this.members.map((_, i) => ({
      id: nodeId(`n${i}`),
      clientAddress: '',
      peerAddress: address(i),
      httpAddress: '',
      tier: 'hot',
    }));
    const line = (event: string, fields?: object): void => {
      member.events.push(`${event} ${JSON.stringify(fields ?? {})}`);
    };
    const nodeLog: NodeLog = { info: line, warn: line, error: line };
    const random = seededRandom(`damaged ${index} ${this.#starts++} ${Math.random()}`);
    member.disk = await openLevelDisk(member.folder, { reserveBytes: 0, databases });
    try {
      member.node = await openNode(
        {
          id,
          clusterId: 'damaged',
          dataFolder: member.folder,
          members: all,
          tickMs: 10,
          heartbeatMs: 30,
          electionMs: 1500,
          rankDelayMs: 10,
          holdMs: 20,
          suspicion: {
            ...defaultSuspicion,
            heartbeatMs: 30,
            floorMs: 400,
            ceilingMs: 1400,
            phi: 12,
            probeMs: 200,
          },
          score: defaultScore,
          requestLimits: defaultRequestLimits,
          appendBytes: 1 << 20,
          inflightMessages: 64,
          inflightBytes: 1 << 22,
          uncommittedBytes: 1 << 24,
          logMemoryBytes: 8 * 1024,
          logDiskBytes: 128 * 1024,
          flushEveryMs: 20,
          flushBytes: 16 * 1024,
          diskReserveBytes: 0,
          scrub: { bytesPerSecond: 1 << 24, pauseMs: 100 },
        },
        {
          clock: systemClock,
          random,
          disk: member.disk,
          nodeLog,
          observer: {
            applying: () => {},
            spoil: (block) => {
              const { flaw } = member;
              member.flaw = null;
              if (flaw === null) return block;
              return { ...block, batches: [...block.batches, { ...noBatch, commands: [flaw] }] };
            },
          },
          transport: (handler, identity) =>
            new GrpcTransport({
              identity,
              listen: address(index),
              advertise: address(index),
              peers: new Map(
                all.filter((other) => other.id !== id).map((other) => [other.id, other.peerAddress]),
              ),
              handler,
              clock: systemClock,
              random: random.fork('transport'),
              log: nodeLog,
            }),
        },
      );
    } catch (error) {
      await member.disk.close();
      member.disk = null;
      throw error;
    }
    await member.node.start();
  }

  async down(index: number): Promise<void> {
    const member = this.members[index]!;
    await member.node?.stop();
    await member.disk?.close();
    member.node = null;
    member.disk = null;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((_, i) => this.down(i)));
    await rm(this.#root, { recursive: true, force: true });
  }

  leader(): TanistNode | null {
    return this.members.find(({ node }) => node?.inspect().open === true)?.node ?? null;
  }

  /** Until it holds; fails after a minute with what `left` says. */
  async until(holds: () => boolean, left: () => string): Promise<void> {
    for (const untilMs = Date.now() + 20_000; !holds(); ) {
      if (Date.now() > untilMs) throw new Error(left());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async write(key: string, value: string): Promise<void> {
    for (;;) {
      await this.until(
        () => this.leader() !== null,
        () => `nobody leads: ${this.state()}`,
      );
      if (await this.#submitted(put(key, value))) break;
    }
    this.written.set(key, value);
  }

  /** One attempt. */
  tryWrite(key: string, value: string): Promise<boolean> {
    return this.#submitted(put(key, value));
  }

  #submitted(command: Command): Promise<boolean> {
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands: [command] };
    return new Promise((resolve) => {
      const node = this.leader();
      if (node === null) {
        resolve(false);
        return;
      }
      node.submit({
        bytes: encodeCommandBatch(batch),
        batch,
        settle: (outcome) => resolve(outcome.kind === 'applied' && outcome.results[0]?.kind === 'put'),
        early: null,
      });
    });
  }

  /** What a replica answers for all keys, at once; null: nothing. */
  read(
    index: number,
    consistency: 'linearizable' | 'serializable',
  ): Promise<ReadonlyMap<string, string> | null> {
    const { node } = this.members[index]!;
    return new Promise((resolve) => {
      if (node === null) {
        resolve(null);
        return;
      }
      node.read({ ...range(''), key: everything, rangeEnd: everything }, consistency, (outcome) => {
        if (outcome instanceof Error) resolve(null);
        else resolve(new Map(outcome.values.map(({ key, value }) => [textOf(key), textOf(value)])));
      });
    });
  }

  /** All replicas are there, whole and equal, and doubt nobody. */
  whole(): boolean {
    const seen = new Set<string>();
    for (const { node } of this.members) {
      const found = node?.inspect();
      if (found === undefined || found.restoring || found.doubt !== null || found.logDoubt !== null)
        return false;
      if (found.doubtedPeers.size > 0 || found.raft.leader === null || found.alarms.length > 0) return false;
      seen.add(`${found.applied} ${spaces.map((space) => found.spaces[space].digest).join(' ')}`);
    }
    return seen.size === 1;
  }

  state(): string {
    return this.members
      .map(({ node, events }, i) => {
        const found = node?.inspect();
        if (found === undefined) return `n${i} is down: ${events.slice(-6).join('; ')}`;
        const { doubt, logDoubt, applied, raft, doubtedPeers, alarms } = found;
        const rest = { doubt, logDoubt, applied, role: raft.role, doubted: [...doubtedPeers], alarms };
        return `n${i} ${JSON.stringify(rest)} ${events
          .filter((event) => !/loop-stalled|peer-refused/.test(event))
          .slice(-14)
          .join('; ')}`;
      })
      .join('\n');
  }
}
