import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { toServiceError } from '../../src/api/services/grpc-status.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { nodeId, noSession, revision, term } from '../../src/foundation/ids.ts';
import type { Command, CommandBatch } from '../../src/ports/command.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import type { Lineage } from '../../src/ports/replication.ts';
import {
  decodeKeepAliveRequest,
  encodeKeepAliveReply,
  encodeLeasesReply,
  encodePoliciesReply,
  encodeTransferReply,
} from '../../src/protocol/operations/administration.ts';
import {
  dependenciesService,
  modelsService,
  type RawMethod,
  snapshotsService,
  tanistService,
} from '../../src/protocol/services.ts';
import { decodeCommandBatch } from '../../src/protocol/session/read-command.ts';
import {
  encodeBatchRefusal,
  encodeBatchReply,
  encodeEarlyReply,
  encodeReadReplies,
} from '../../src/protocol/session/session-reply.ts';
import { decodeSessionRequest } from '../../src/protocol/session/session-request.ts';
import { encodeRouting, type Routing } from '../../src/protocol/status/routing.ts';
import { encodeStatus } from '../../src/protocol/status/status.ts';
import { decodeWatchRequest, encodeWatchReply, type WatchRequest } from '../../src/protocol/watch.ts';
import { FakeState } from './fake-state.ts';

type Duplex = ServerDuplexStream<Buffer, Buffer>;
type Unary = ServerUnaryCall<Buffer, Buffer>;
type Service = Readonly<Record<string, RawMethod>>;
type Handlers = Record<string, (...call: unknown[]) => void>;
type Created = Extract<WatchRequest, { kind: 'create' }>;

const dropped = Object.assign(new Error('dropped'), { code: status.UNAVAILABLE });

/** One address of the fake cluster. */
interface FakeMember {
  readonly id: string;
  readonly server: Server;
  address: string;
  alive: boolean;
  readonly sessions: Set<Duplex>;
  readonly watches: Set<Duplex>;
  readonly successions: Set<ServerWritableStream<Buffer, Buffer>>;
}

/**
 * Real gRPC servers over one state, without any consensus: whoever is `leader` answers commands. Tests kill members, drop streams,
 * hold answers back and name leaders.
 */
export class FakeCluster {
  readonly state = new FakeState();
  readonly members: FakeMember[] = [];
  readonly batches: CommandBatch[] = [];
  keepsBatches = true;
  leader = 0;
  lineage: Lineage | null = null;
  term = 1;
  /** Batches are kept unapplied and unanswered while set. */
  holding = false;
  /** Say at once that puts are in memory. */
  answersEarly = false;
  /** Members cannot read such a command, and end the stream. */
  unreadable: (command: Command) => boolean = () => false;
  /** How often they did. */
  unread = 0;
  /** What the next batches are refused with. */
  readonly refusals: TanistError[] = [];
  refused = 0;
  /** Members that refuse serializable reads and watches with this, by number. */
  readonly refusing = new Map<number, TanistError>();
  /** How often they did. */
  readonly refusedAt: number[] = [];
  /** While set nothing is answered. */
  silent = false;
  /** Of every call with one request, and every request of sessions, the method's path. */
  readonly calls: string[] = [];
  /** Calls of KeepAlive. */
  renewals = 0;
  private held: { readonly stream: Duplex; readonly batch: CommandBatch }[] = [];
  private waiting: (() => void)[] = [];

  static async start(size: number): Promise<FakeCluster> {
    const cluster = new FakeCluster();
    for (let i = 0; i < size; i++) await cluster.add(`n${i + 1}`);
    return cluster;
  }

  get endpoints(): string[] {
    return this.members.map(({ address }) => address);
  }

  routing(): Routing {
    const members = this.members.map(({ id, address }) => ({
      id: nodeId(id),
      clientAddress: address,
      peerAddress: '',
      httpAddress: '',
      tier: 'hot',
    }));
    const leader = this.members[this.leader];
    return {
      term: term(this.term),
      leader: leader === undefined ? null : nodeId(leader.id),
      members,
      succession: members.map(({ id }) => id).filter((id) => id !== leader?.id),
      lineage: this.lineage,
    };
  }

  /** Tells every listener. -1: nobody leads. */
  elect(leader: number): void {
    this.leader = leader;
    this.term++;
    for (const { successions } of this.members) {
      for (const stream of successions) stream.write(encodeRouting(this.routing()));
    }
  }

  /** What SIGKILL looks like from outside. */
  kill(i: number): void {
    const member = this.members[i]!;
    member.alive = false;
    this.held = this.held.filter(({ stream }) => !member.sessions.has(stream));
    member.server.forceShutdown();
  }

  dropSessions(): void {
    for (const { sessions } of this.members) for (const stream of sessions) stream.emit('error', dropped);
  }

  dropWatches(): void {
    for (const { watches } of this.members) for (const stream of watches) stream.emit('error', dropped);
  }

  /** Applies what was held; its answers go out only with `answer`. */
  release(answer: boolean): void {
    const { held } = this;
    this.held = [];
    for (const { stream, batch } of held) {
      const results = this.state.apply(batch);
      if (answer) stream.write(encodeBatchReply(batch.session, batch.firstNumber, results));
    }
  }

  /** Until `condition` holds; it is looked at whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  stop(): void {
    for (const { server } of this.members) server.forceShutdown();
  }

  private async add(id: string): Promise<void> {
    const server = new Server();
    const sets = { sessions: new Set<Duplex>(), watches: new Set<Duplex>(), successions: new Set<never>() };
    const member: FakeMember = { id, server, address: '', alive: true, ...sets };
    this.members.push(member);
    const handlers = {
      session: (stream: Duplex) => this.session(member, stream),
      watch: (stream: Duplex) => this.watch(member, stream),
      succession: (stream: ServerWritableStream<Buffer, Buffer>) => {
        member.successions.add(stream);
        stream.on('cancelled', () => member.successions.delete(stream));
        stream.write(encodeRouting(this.routing()));
        this.news();
      },
      status: (_call: Unary, reply: sendUnaryData<Buffer>) => reply(null, this.status(member)),
      transfer: (_call: Unary, reply: sendUnaryData<Buffer>) => {
        if (this.members[this.leader] !== member) {
          const metadata = new Metadata();
          metadata.set('tanist-code', 'not-leader');
          reply({ code: status.UNAVAILABLE, details: 'not the leader', metadata });
          return;
        }
        this.elect((this.leader + 1) % this.members.length);
        reply(
          null,
          encodeTransferReply({ leader: nodeId(this.members[this.leader]!.id), term: term(this.term) }),
        );
      },
      keepAlive: (call: Unary, reply: sendUnaryData<Buffer>) => this.keepAlive(member, call, reply),
      leases: (_call: Unary, reply: sendUnaryData<Buffer>) =>
        reply(null, encodeLeasesReply({ leases: [], more: false })),
      policies: (_call: Unary, reply: sendUnaryData<Buffer>) =>
        reply(
          null,
          encodePoliciesReply(
            [...this.state.policies].map((prefix) => ({
              prefix,
              policy: { acknowledge: 'leader', tier: 'full', predict: null } as const,
            })),
          ),
        ),
    };
    for (const service of [tanistService, modelsService, dependenciesService, snapshotsService])
      server.addService(service, this.heard(service, handlers) as UntypedServiceImplementation);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    member.address = `127.0.0.1:${port}`;
  }

  /** Handlers of a service that keep count; of what there is none for one that answers with nothing. */
  private heard(service: Service, handlers: Record<string, unknown>): Handlers {
    const empty = (call: unknown, reply?: sendUnaryData<Buffer>): void => {
      if (reply === undefined) (call as ServerWritableStream<Buffer, Buffer>).end();
      else reply(null, Buffer.alloc(0));
    };
    return Object.fromEntries(
      Object.entries(service).map(([name, { path, requestStream }]) => {
        const own = (service === tanistService ? handlers[name] : undefined) ?? empty;
        const handle = (...call: unknown[]): void => {
          const isCounted = !requestStream && name !== 'succession';
          if (isCounted) this.calls.push(path);
          if (isCounted) this.news();
          if (!isCounted || !this.silent) (own as (...call: unknown[]) => void)(...call);
        };
        return [name, handle];
      }),
    );
  }

  private refusal(member: FakeMember): TanistError | null {
    const number = this.members.indexOf(member);
    const refusal = this.refusing.get(number) ?? null;
    if (refusal !== null) this.refusedAt.push(number);
    return refusal;
  }

  private news(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const wake of waiting) wake();
  }

  private session(member: FakeMember, stream: Duplex): void {
    member.sessions.add(stream);
    stream.on('cancelled', () => member.sessions.delete(stream));
    stream.on('error', () => member.sessions.delete(stream));
    stream.on('end', () => stream.end());
    stream.on('data', (bytes: Buffer) => {
      this.calls.push(tanistService.session.path);
      if (this.silent) {
        this.news();
        return;
      }
      const request = decodeSessionRequest(bytes);
      const isLeader = this.members[this.leader] === member;
      if (request.kind === 'reads') {
        const refusal = this.refusal(member);
        const replies = request.reads.map(({ id, range, serializable }) => ({
          id,
          outcome:
            refusal !== null
              ? refusal
              : isLeader || serializable
                ? this.state.range(range)
                : new TanistError('not-leader', 'not the leader'),
          ageMs: isLeader ? 0 : 7,
        }));
        stream.write(encodeReadReplies(replies));
      } else {
        this.batch(isLeader, stream, decodeCommandBatch(request.encoded));
      }
      this.news();
    });
  }

  private batch(isLeader: boolean, stream: Duplex, batch: CommandBatch): void {
    const { session, firstNumber, commands } = batch;
    if (commands.some(this.unreadable)) {
      this.unread++;
      stream.emit('error', toServiceError(new TanistError('invalid-argument', 'malformed message')));
      return;
    }
    const refusal = isLeader ? this.refusals.shift() : new TanistError('not-leader', 'not the leader');
    if (refusal !== undefined) {
      this.refused++;
      stream.write(encodeBatchRefusal(session, firstNumber, refusal));
      return;
    }
    if (session !== noSession && this.keepsBatches) this.batches.push(batch);
    if (this.answersEarly && session !== noSession) {
      stream.write(encodeEarlyReply(session, firstNumber, firstNumber + commands.length - 1));
    }
    if (this.holding && session !== noSession) this.held.push({ stream, batch });
    else stream.write(encodeBatchReply(session, firstNumber, this.state.apply(batch)));
  }

  private keepAlive(member: FakeMember, call: Unary, reply: sendUnaryData<Buffer>): void {
    this.renewals++;
    const isLeader = this.members[this.leader] === member;
    const refusal = isLeader ? this.refusals.shift() : new TanistError('not-leader', 'not the leader');
    this.news();
    if (this.holding) return;
    if (refusal === undefined) {
      const ids = decodeKeepAliveRequest(call.request);
      reply(null, encodeKeepAliveReply(ids.map((id) => this.state.leases.get(id) ?? 0)));
      return;
    }
    const metadata = new Metadata();
    metadata.set('tanist-code', refusal.code);
    reply({ code: status.UNAVAILABLE, details: refusal.message, metadata });
  }

  private watch(member: FakeMember, stream: Duplex): void {
    member.watches.add(stream);
    const watches = new Map<number, Created>();
    const send = (watch: Created, deltas: readonly StateDelta[], created: boolean): void => {
      const wanted = deltas.filter(
        ({ key }) => key === watch.key || (watch.rangeEnd !== '' && key >= watch.key && key < watch.rangeEnd),
      );
      const { id, previous } = watch;
      const at = created && deltas.length === 0 ? this.state.revision : (deltas.at(-1)?.revision ?? 1);
      const events = wanted.map((delta) => ({ delta, previous: previous ? (delta.previous ?? null) : null }));
      stream.write(encodeWatchReply({ id, revision: revision(at), events, failure: null, created }));
    };
    const before = this.state.onDelta;
    this.state.onDelta = (delta) => {
      before?.(delta);
      if (member.watches.has(stream)) for (const watch of watches.values()) send(watch, [delta], false);
    };
    const gone = (): void => {
      member.watches.delete(stream);
    };
    stream.on('cancelled', gone);
    stream.on('error', gone);
    stream.on('end', () => stream.end());
    stream.on('data', (bytes: Buffer) => {
      const request = decodeWatchRequest(bytes);
      if (request.kind === 'progress') {
        const reached = { id: request.id, revision: revision(this.state.revision) };
        stream.write(encodeWatchReply({ ...reached, events: [], failure: null, created: false }));
      } else if (request.kind === 'cancel') {
        watches.delete(request.id);
      } else if (this.refusing.has(this.members.indexOf(member))) {
        const failure = this.refusal(member);
        const { id } = request;
        stream.write(encodeWatchReply({ id, revision: revision(0), events: [], failure, created: false }));
      } else if (request.fromRevision !== 0 && request.fromRevision <= this.state.compacted) {
        const failure = new TanistError('revision-compacted', `compacted up to ${this.state.compacted}`);
        const { id } = request;
        stream.write(
          encodeWatchReply({
            id,
            revision: revision(0),
            events: [],
            failure,
            created: false,
          }),
        );
      } else {
        watches.set(request.id, request);
        send(request, [], true);
        const { fromRevision } = request;
        if (fromRevision > 0) {
          const past = this.state.deltas.filter((delta) => delta.revision >= fromRevision);
          if (past.length > 0) send(request, past, false);
        }
      }
      this.news();
    });
  }

  private status(member: FakeMember): Buffer {
    return encodeStatus({
      clusterId: 'fake',
      id: nodeId(member.id),
      version: '0',
      leader: this.routing().leader,
      term: term(this.term),
      commit: 1,
      applied: 1,
      clusterTimeMs: 0,
      members: [],
      spaces: [],
      succession: [],
      sessions: this.state.sessions.size,
      leases: 0,
      alarms: [],
      predictor: null,
    });
  }
}
