import { Client, credentials } from '@grpc/grpc-js';
import { limits } from '../../../foundation/limits.ts';
import type { ProposalOutcome } from '../../../node/writes/proposals.ts';
import { dialTarget } from '../../../protocol/dial-target.ts';
import type { Flight } from './flight.ts';
import { LeaderStream } from './leader-stream.ts';

/** A connection that breaks is replaced at once, without grpc-js's back-off. */
const channelOptions = {
  'grpc.max_receive_message_length': limits.messageBytes,
  'grpc.max_send_message_length': limits.messageBytes,
  'grpc.keepalive_time_ms': 2000,
  'grpc.keepalive_timeout_ms': 1000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
};
/** A deposed leader that still lives answers in this time. */
const deposedMs = 1000;

export interface ForwarderHandler {
  answered(flight: Flight, outcome: ProposalOutcome): void;
  /** Never left this node. */
  unsent(flights: readonly Flight[]): void;
  /** Left, and the connection broke. */
  unknown(flights: readonly Flight[]): void;
}

/** Batches from a follower to whoever leads, over connections that stay. */
export class Forwarder {
  readonly #handler: ForwarderHandler;
  readonly #clients = new Map<string, Client>();
  readonly #streams = new Set<LeaderStream>();
  #current: LeaderStream | null = null;

  constructor(handler: ForwarderHandler) {
    this.#handler = handler;
  }

  /** `peers`: client addresses of all other members; their connections are made now, so that the next leader needs none. */
  send(leader: string, peers: readonly string[], flight: Flight): void {
    if (this.#current?.address !== leader) {
      this.#depose();
      for (const address of peers) this.#client(address);
      this.#current = this.#open(leader);
    }
    this.#current.send(flight);
  }

  /** Somebody else leads, or nobody. */
  depose(leader: string | null): void {
    if (this.#current !== null && this.#current.address !== leader) this.#depose();
  }

  close(): void {
    for (const stream of [...this.#streams]) stream.close();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #depose(): void {
    const stream = this.#current;
    this.#current = null;
    if (stream === null) return;
    if (stream.idle) stream.close();
    else setTimeout(() => stream.close(), deposedMs).unref();
  }

  #open(address: string): LeaderStream {
    const stream = new LeaderStream(address, this.#client(address), {
      answered: (flight, outcome) => this.#handler.answered(flight, outcome),
      lost: (lost, unsent, sent) => {
        this.#streams.delete(lost);
        if (this.#current === lost) {
          this.#current = null;
          this.#clients.get(address)?.close();
          this.#clients.delete(address);
        }
        if (sent.length > 0) this.#handler.unknown(sent);
        if (unsent.length > 0) this.#handler.unsent(unsent);
      },
    });
    this.#streams.add(stream);
    return stream;
  }

  #client(address: string): Client {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const client = new Client(dialTarget(address), credentials.createInsecure(), channelOptions);
    client.getChannel().getConnectivityState(true);
    this.#clients.set(address, client);
    return client;
  }
}
