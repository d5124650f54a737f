import { status } from '@grpc/grpc-js';
import { splitAddress } from '../foundation/address.ts';
import type { Durations } from '../foundation/durations.ts';
import { TanistError } from '../foundation/errors.ts';
import { type NodeId, nodeIdPattern } from '../foundation/ids.ts';
import { silentLog } from '../ports/node-log.ts';
import type { OutgoingSnapshot, ProbeAnswer, Transport } from '../ports/transport.ts';
import type { RaftMessage } from '../raft/message.ts';
import { Inbound } from './inbound.ts';
import type { GrpcTransportOptions } from './options.ts';
import { Outbound } from './outbound.ts';
import { encodeProbeReply, type Hello, helloOf } from './peer-wire.ts';
import { Presence } from './presence.ts';
import { probePeer } from './probe.ts';
import { SentinelKeeper } from './sentinel/sentinel-keeper.ts';
import { SentinelWatch } from './sentinel/sentinel-watch.ts';
import { listenForPeers, type PeerServer } from './server.ts';
import { receiveSnapshot, sendSnapshot } from './snapshots.ts';

interface Link {
  /** Or several, separated by commas. */
  readonly address: string;
  readonly presence: Presence;
  readonly outbound: Outbound;
  readonly sentinel: SentinelWatch;
}

/** The peer port over gRPC (`service Peer`). The contract is `Transport`'s; this class ties the parts of this folder together. */
export class GrpcTransport implements Transport<RaftMessage> {
  private readonly options: GrpcTransportOptions;
  private readonly own: Hello;
  private readonly links = new Map<NodeId, Link>();
  private readonly inbound = new Map<NodeId, { readonly stream: Inbound; readonly hello: Hello }>();
  private readonly complaints = new Map<string, Set<string>>();
  private readonly closing = new AbortController();
  private readonly sentinel: SentinelKeeper | null;
  private server: PeerServer | null = null;
  private receivedBytes = 0;

  constructor(options: GrpcTransportOptions) {
    this.options = options;
    this.own = helloOf(options.identity, options.advertise, () => this.sentinel?.port ?? 0);
    this.sentinel =
      options.sentinel === undefined
        ? null
        : new SentinelKeeper({
            begin: options.sentinel,
            host: splitAddress(options.listen).host,
            clock: options.clock,
            log: options.log ?? silentLog,
            replaced: () => this.presentAnew(),
          });
  }

  /** The port that was bound; 0 when closed. */
  get port(): number {
    return this.server?.port ?? 0;
  }

  /** Errors: `port-taken`, `config-invalid`. */
  async start(): Promise<void> {
    // First: whoever greets this node is told of it.
    await this.sentinel?.start();
    await this.listen();
    this.setPeers(this.options.peers);
  }

  private async listen(): Promise<void> {
    const { handler, clock, identity } = this.options;
    this.server = await listenForPeers(this.options.listen, {
      messages: (stream) => {
        new Inbound(stream, this.own, clock, {
          greeted: this.greeted,
          up: (accepted, hello) => this.inboundUp(accepted, hello),
          received: (from, messages) => handler.received(from, messages),
          lost: (lost, peer, reason) => {
            if (this.inbound.get(peer)?.stream !== lost) return;
            this.inbound.delete(peer);
            if (!this.closing.signal.aborted) this.links.get(peer)?.presence.inboundLost(reason);
          },
          rejected: (peer, detail) => this.complain(peer, detail),
          bytes: (count) => {
            this.receivedBytes += count;
          },
        });
      },
      probe: (_call, respond) => respond(null, encodeProbeReply(identity.clusterId, handler.probed())),
      snapshot: (call, respond) => {
        void receiveSnapshot(call, respond, this.greeted, handler);
      },
    });
  }

  send(to: NodeId, message: RaftMessage): void {
    this.links.get(to)?.outbound.send(message);
  }

  flush(): void {
    for (const { outbound } of this.links.values()) outbound.flush();
  }

  probe(to: NodeId, deadlineMs: number): Promise<ProbeAnswer> {
    const link = this.links.get(to);
    if (link === undefined) return Promise.reject(unknownPeer(to));
    return probePeer(
      to,
      link.outbound.address,
      this.own,
      deadlineMs,
      this.options.clock,
      this.closing.signal,
    );
  }

  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<void> {
    const link = this.links.get(to);
    if (link === undefined) return Promise.reject(unknownPeer(to));
    return sendSnapshot(
      to,
      link.outbound.address,
      this.own,
      snapshot,
      this.options.clock,
      this.closing.signal,
    );
  }

  setPeers(peers: ReadonlyMap<NodeId, string>): void {
    if (this.closing.signal.aborted) return;
    for (const [peer, link] of this.links) {
      if (peers.get(peer) === link.address) continue;
      closeLink(link);
      this.links.delete(peer);
      if (!peers.has(peer)) this.inbound.get(peer)?.stream.refuse(status.UNAVAILABLE, 'no peer any more');
    }
    for (const [peer, address] of peers) {
      if (peer !== this.own.id && !this.links.has(peer)) this.links.set(peer, this.link(peer, address));
    }
  }

  roundTripMs(peer: NodeId): number | null {
    return this.links.get(peer)?.outbound.roundTrip.smoothedMs ?? null;
  }

  bytesPerSecond(peer: NodeId): number | null {
    return this.links.get(peer)?.outbound.deliveryRate.bytesPerSecond ?? null;
  }

  roundTrips(peer: NodeId): Durations | null {
    return this.links.get(peer)?.outbound.roundTrip.times ?? null;
  }

  get bytesReceived(): number {
    return this.receivedBytes;
  }

  /** Messages that were not sent because the peer was not connected or took too little. */
  droppedMessages(peer: NodeId): number {
    return this.links.get(peer)?.outbound.droppedMessages ?? 0;
  }

  async close(): Promise<void> {
    this.closing.abort();
    for (const link of this.links.values()) closeLink(link);
    this.links.clear();
    this.sentinel?.close();
    const { server } = this;
    this.server = null;
    await server?.close();
  }

  /** Peers that hold this process dead, or don't know of its new sentinel, hear from it again. */
  private presentAnew(): void {
    for (const { outbound } of this.links.values()) outbound.renew();
  }

  private link(peer: NodeId, address: string): Link {
    const { handler, clock, random } = this.options;
    const presence = new Presence(peer, handler);
    const sentinel = new SentinelWatch(() => {
      presence.gone();
      // What this calls for leaves before the connection is tidied up.
      clock.soon(() => outbound.gone());
    });
    const outbound = new Outbound(address.split(','), this.own, clock, random.fork(peer), {
      greeted: async (hello) => {
        if (hello.id !== peer) {
          throw new TanistError(
            'config-invalid',
            `at ${outbound.address} is node ${hello.id}, not ${peer}: check the peer addresses`,
          );
        }
        await this.greeted(hello);
      },
      up: (hello) => {
        sentinel.watch(outbound.address, hello.sentinelPort);
        presence.outboundUp(hello.identity);
      },
      lost: (reason) => presence.outboundLost(reason),
      rejected: (detail) => {
        this.complain(peer, detail);
        handler.rejected(peer, detail);
      },
    });
    const known = this.inbound.get(peer);
    if (known !== undefined) presence.inboundUp(known.hello.identity);
    return { address, presence, outbound, sentinel };
  }

  private readonly greeted = async (hello: Hello): Promise<void> => {
    const { clusterId, id } = this.own;
    if (hello.clusterId !== clusterId) {
      const message = `node ${hello.id} belongs to cluster ${hello.clusterId}, node ${id} to ${clusterId}: check the peer addresses`;
      throw new TanistError('data-of-another-cluster', message);
    }
    if (hello.id === id || !nodeIdPattern.test(hello.id)) {
      throw new TanistError(
        'duplicate-node',
        `a peer says that it is node ${hello.id}, talking to node ${id}: ids must differ`,
      );
    }
    await this.options.handler.hello(hello.id, hello.identity, hello.clusterId, hello.address);
  };

  private inboundUp(stream: Inbound, hello: Hello): void {
    const previous = this.inbound.get(hello.id);
    this.inbound.set(hello.id, { stream, hello });
    previous?.stream.refuse(status.UNAVAILABLE, 'replaced by a newer connection');
    this.complaints.delete(hello.id);
    const link = this.links.get(hello.id);
    link?.sentinel.watch(link.outbound.address, hello.sentinelPort);
    link?.presence.inboundUp(hello.identity);
    link?.outbound.connectNow();
  }

  /** Peers try again for ever: says each thing once. */
  private complain(peer: string, reason: string): void {
    if (this.complaints.size > 1000) this.complaints.clear();
    const said = this.complaints.get(peer) ?? new Set();
    this.complaints.set(peer, said);
    if (said.has(reason) || said.size > 100) return;
    said.add(reason);
    (this.options.log ?? silentLog).warn('peer-refused', { peer, reason });
  }
}

function closeLink({ outbound, sentinel }: Link): void {
  outbound.close();
  sentinel.close();
}

function unknownPeer(id: NodeId): TanistError {
  return new TanistError('unknown-member', `${id} is not a peer of this node`);
}
