import type { Durations } from '../foundation/durations.ts';
import type { NodeId, Term } from '../foundation/ids.ts';
import type { LogPoint, PeerIdentity } from './log-store.ts';

/**
 * Messages between the nodes of a cluster, over one stream a direction. `Message` is opaque here (the peer protocol's union).
 * Order is kept per direction while the stream lives; a lost stream loses what was under way, and both sides hear of it.
 */
export interface Transport<Message> {
  /** Listens and connects. Nothing reaches the handler before. Fails with `port-taken`. */
  start(): Promise<void>;
  /** Never blocks; messages to a peer that is not connected are dropped. Those of one event-loop turn travel together. */
  send(to: NodeId, message: Message): void;
  /** Nothing more will come in this turn: what gathered leaves now. */
  flush(): void;
  /** Asks a peer who it is and whom it follows; rejects after `deadlineMs`, or at once when refused. Never waits behind messages. */
  probe(to: NodeId, deadlineMs: number): Promise<ProbeAnswer>;
  /** Streams a snapshot on a stream of its own. Resolves when the peer has taken it whole. */
  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<void>;
  /** Membership changed. An address may be several, separated by commas, which are tried in turn. Who is no peer any more is cut off. */
  setPeers(peers: ReadonlyMap<NodeId, string>): void;
  /** Smoothed round-trip time in ms; null until measured. */
  roundTripMs(peer: NodeId): number | null;
  /** How much the path has lately been seen to take, where that is measured; null: nothing was sent that would say. */
  bytesPerSecond?(peer: NodeId): number | null;
  /** All that were measured, where they are counted. */
  roundTrips?(peer: NodeId): Durations | null;
  /** Of peers' messages, snapshots apart, where that is counted. */
  readonly bytesReceived?: number;
  close(): Promise<void>;
}

export interface OutgoingSnapshot {
  readonly point: LogPoint;
  readonly term: Term;
  /** What the receiver needs beside the bytes; opaque. */
  readonly header: Uint8Array;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface ProbeAnswer {
  readonly id: NodeId;
  readonly identity: PeerIdentity;
  readonly term: Term;
  readonly leader: NodeId | null;
  /** Since the answering node last heard its leader; null when it is the leader or has none. */
  readonly leaderHeardMs: number | null;
}

/**
 * `refused`: nobody listens there: dead. `gone`: its process has ended, which may be seen before its connections break: dead. `dropped`: a living
 * connection broke. `silent`: no answer to a connect in time.
 */
export type LossReason = 'refused' | 'gone' | 'dropped' | 'silent';

/** The node's side: called by the transport, never re-entrantly from `send`. */
export interface TransportHandler<Message> {
  /** A peer presents itself on a new connection; a rejection refuses the connection. `address`: where it is reached; empty: it does not say. */
  hello(peer: NodeId, identity: PeerIdentity, clusterId: string, address: string): Promise<void>;
  received(from: NodeId, messages: readonly Message[]): void;
  /** Its stream to us is up after the handshake (`identity` as presented). */
  connected(peer: NodeId, identity: PeerIdentity): void;
  disconnected(peer: NodeId, reason: LossReason): void;
  /** The peer does not want our connection, and says why. */
  rejected(peer: NodeId, detail: string): void;
  probed(): ProbeAnswer;
  /** A peer streams a snapshot. Rejecting refuses it. */
  snapshot(from: NodeId, incoming: Omit<OutgoingSnapshot, 'term'> & { readonly term: Term }): Promise<void>;
}
