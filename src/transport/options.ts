import type { NodeId } from '../foundation/ids.ts';
import { limits } from '../foundation/limits.ts';
import type { Random } from '../foundation/random.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoreIdentity } from '../ports/log-store.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { TransportHandler } from '../ports/transport.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { startSentinel } from './sentinel/sentinel.ts';

export interface GrpcTransportOptions {
  /** Who this node is, as it presents itself. */
  readonly identity: StoreIdentity;
  /** host:port; port 0 takes a free one. */
  readonly listen: string;
  /** host:port where peers reach this node, for those that do not know it; absent: not said. */
  readonly advertise?: string;
  /** host:port of each peer; this node itself may be among them. */
  readonly peers: ReadonlyMap<NodeId, string>;
  readonly handler: TransportHandler<RaftMessage>;
  readonly clock: Clock;
  readonly random: Random;
  /** Begins what the death of this process is seen by early; only where the process is this node's alone. Default: there is none. */
  readonly sentinel?: typeof startSentinel;
  readonly log?: NodeLog;
}

export const timing = {
  /** To a connection, and from there to the handshake; later it is `silent`. */
  connectMs: 250,
  /** How much longer a silent peer may still answer on the same connection, as one does that was frozen; a lost answer comes ever later, a new connection does not. */
  answerMs: 2_000,
  /** After the first attempt, which is made at once: doubling, ± half. */
  firstRetryMs: 5,
  lastRetryMs: 250,
  /** After the end of the peer's process; whoever is back sooner calls. */
  afterEndMs: 50,
  /** Pings ride on messages at most this often, and go alone when there are none. */
  pingMs: 100,
  idleMs: 500,
  /** A stream without echo or any progress for so long is cut: after a black hole TCP alone would wait for minutes. */
  echoMs: 1_000,
  /** The same for what a peer sends; longer, since one large message may take long to come in. */
  inboundSilenceMs: 10_000,
  snapshotStallMs: 60_000,
} as const;

export const sizes = {
  /** Waiting for one peer's connection; further messages are dropped, which Raft tolerates. */
  queueBytes: 16 * 1024 * 1024,
  /** Messages are put together up to this; one message may be larger. */
  envelopeBytes: 1024 * 1024,
  /** HTTP/2 window, so that a distant peer is not held up waiting for window updates. */
  windowBytes: 8 * 1024 * 1024,
} as const;

/** Of channels and servers alike. Channelz stays on: without it grpc-js's `forceShutdown` leaves connections open. */
export const channelOptions = {
  'grpc.max_receive_message_length': limits.messageBytes,
  'grpc.max_send_message_length': limits.messageBytes,
  'grpc-node.flow_control_window': sizes.windowBytes,
  // No retries or their buffers, no proxy from the environment: peers speak to each other directly.
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // Each attempt has a client of its own, so that grpc's back-off and its shared connections play no part.
  'grpc.use_local_subchannel_pool': 1,
} as const;
