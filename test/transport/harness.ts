import { type LogIndex, logIndex, type NodeId, nodeId, term } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { PeerIdentity } from '../../src/ports/log-store.ts';
import { beforeAll } from '../../src/ports/log-store.ts';
import type { NodeEventFields, NodeLog } from '../../src/ports/node-log.ts';
import type {
  OutgoingSnapshot,
  ProbeAnswer,
  Transport,
  TransportHandler,
} from '../../src/ports/transport.ts';
import type { RaftMessage } from '../../src/raft/message.ts';
import { GrpcTransport } from '../../src/transport/grpc-transport.ts';
import type { Sentinel } from '../../src/transport/sentinel/sentinel.ts';

export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, act) => {
    const timer = setTimeout(act, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (act) => void setImmediate(act),
};

/** A node that writes down what its transport tells it. */
export class Recorder implements TransportHandler<RaftMessage> {
  readonly events: string[] = [];
  readonly rejections: string[] = [];
  readonly messages: RaftMessage[] = [];
  readonly deliveries: number[] = [];
  readonly identities: PeerIdentity[] = [];
  refuse: ((peer: NodeId) => Error | null) | null = null;
  takeSnapshot: (from: NodeId, incoming: OutgoingSnapshot) => Promise<void> = async () => {};
  private readonly answer: ProbeAnswer;

  constructor(id: NodeId) {
    const identity = {
      storeId: `store-${id}`,
      bootCounter: 1,
      incarnation: `start-${id}`,
      last: beforeAll,
      doubted: false,
    };
    this.answer = { id, identity, term: term(7), leader: nodeId('b'), leaderHeardMs: 12.5 };
  }

  async hello(peer: NodeId, identity: PeerIdentity): Promise<void> {
    const refusal = this.refuse?.(peer) ?? null;
    if (refusal !== null) throw refusal;
    this.identities.push(identity);
  }
  received(from: NodeId, messages: readonly RaftMessage[]): void {
    if (messages.some((message) => message.from !== from)) throw new Error('a message under a false name');
    this.messages.push(...messages);
    this.deliveries.push(messages.length);
  }
  connected(peer: NodeId, identity: PeerIdentity): void {
    this.events.push(`connected ${peer} ${identity.incarnation}`);
  }
  disconnected(peer: NodeId, reason: string): void {
    this.events.push(`${reason} ${peer}`);
  }
  rejected(peer: NodeId, detail: string): void {
    this.rejections.push(`${peer}: ${detail}`);
  }
  probed(): ProbeAnswer {
    return this.answer;
  }
  snapshot(from: NodeId, incoming: OutgoingSnapshot): Promise<void> {
    return this.takeSnapshot(from, incoming);
  }
}

/** A network on which transports run: real sockets here, a simulated one elsewhere. */
export interface Network {
  /** Starts a node that the others can reach, again under its old address if it was there before; they all are each other's peers. */
  start(
    id: NodeId,
    handler: TransportHandler<RaftMessage>,
    incarnation?: string,
  ): Promise<Transport<RaftMessage>>;
  /** As if its process had died. */
  stop(id: NodeId): Promise<void>;
  /** Lets time pass until it holds. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition(); ) {
    if (Date.now() > deadline) throw new Error(`never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export interface LogLine {
  readonly event: string;
  readonly fields: NodeEventFields;
}

export function recordingLog(lines: LogLine[]): NodeLog {
  const add = (event: string, fields: NodeEventFields = {}): void => void lines.push({ event, fields });
  return { info: add, warn: add, error: add };
}

/** gRPC transports on free ports of this machine. */
export class GrpcNetwork implements Network {
  readonly clock: Clock;
  readonly lines: LogLine[] = [];
  readonly addresses = new Map<NodeId, string>();
  readonly transports = new Map<NodeId, GrpcTransport>();

  constructor(clock = realClock) {
    this.clock = clock;
  }

  async start(
    id: NodeId,
    handler: TransportHandler<RaftMessage>,
    incarnation = `start-${id}`,
    clusterId = 'cluster',
    sentinel?: Sentinel,
  ): Promise<GrpcTransport> {
    const identity = {
      clusterId,
      nodeId: id,
      storeId: `store-${id}`,
      bootCounter: 1,
      incarnation,
      last: beforeAll,
    };
    const transport = new GrpcTransport({
      identity,
      listen: this.addresses.get(id) ?? '127.0.0.1:0',
      peers: new Map(),
      handler,
      clock: this.clock,
      random: seededRandom(id),
      log: recordingLog(this.lines),
      ...(sentinel === undefined ? {} : { sentinel: async () => sentinel }),
    });
    await transport.start();
    this.transports.set(id, transport);
    this.addresses.set(id, `127.0.0.1:${transport.port}`);
    for (const each of this.transports.values()) each.setPeers(this.addresses);
    return transport;
  }

  async stop(id: NodeId): Promise<void> {
    await this.transports.get(id)?.close();
    this.transports.delete(id);
  }

  until(condition: () => boolean): Promise<void> {
    return until(condition);
  }

  async close(): Promise<void> {
    for (const id of [...this.transports.keys()]) await this.stop(id);
  }
}

export const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')] as const;

/** A message that carries a number. */
export function numbered(from: NodeId, to: NodeId, number: number): RaftMessage {
  return { type: 'readIndexRequest', from, to, term: term(1), id: number };
}

export function append(from: NodeId, to: NodeId, index: number, payload: Uint8Array): RaftMessage {
  const entries = [{ term: term(1), index: logIndex(index), kind: 'commands' as const, payload }];
  const previous = { index: logIndex(index - 1) as LogIndex, term: term(1) };
  return { type: 'append', from, to, term: term(1), previous, entries, commit: logIndex(0) };
}

export function numbers(recorder: Recorder): readonly number[] {
  return recorder.messages.map((message) => (message.type === 'readIndexRequest' ? message.id : Number.NaN));
}
