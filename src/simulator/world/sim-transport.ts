import { TanistError } from '../../foundation/errors.ts';
import { type NodeId, nodeId } from '../../foundation/ids.ts';
import type { StoreIdentity } from '../../ports/log-store.ts';
import type { OutgoingSnapshot, ProbeAnswer, Transport, TransportHandler } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Life } from './life.ts';
import type { Endpoint, Network } from './network.ts';
import { OutgoingStream } from './outgoing-stream.ts';
import { streamSnapshot } from './snapshot-stream.ts';

/** The transport of one incarnation of a node. */
export class SimTransport implements Transport<RaftMessage> {
  readonly #network: Network;
  readonly #self: Endpoint;
  readonly #streams = new Map<string, OutgoingStream>();
  #peers: readonly string[];

  constructor(
    network: Network,
    life: Life,
    handler: TransportHandler<RaftMessage>,
    identity: StoreIdentity,
    peers: readonly string[],
  ) {
    this.#network = network;
    this.#peers = peers;
    this.#self = {
      name: identity.nodeId,
      life,
      identity,
      handler,
      accepted: new Map(),
      broken: (peer, reason) => this.#streams.get(peer)?.broken(reason),
      unblocked: (peer) => this.#streams.get(peer)?.unblocked(),
    };
  }

  start(): Promise<void> {
    this.#network.listen(this.#self);
    this.#connect();
    return Promise.resolve();
  }

  send(to: NodeId, message: RaftMessage): void {
    this.#streams.get(to)?.send(message);
  }

  /** Every message here travels by itself at once. */
  flush(): void {}

  setPeers(peers: ReadonlyMap<NodeId, string>): void {
    this.#peers = [...peers.keys()].filter((peer) => peer !== this.#self.name);
    for (const [peer, stream] of this.#streams) {
      if (this.#peers.includes(peer)) continue;
      stream.close();
      this.#streams.delete(peer);
      this.#cutOff(peer);
    }
    this.#connect();
  }

  /** Who is no peer any more hears that its stream is gone. */
  #cutOff(peer: string): void {
    const { name } = this.#self;
    this.#self.accepted.delete(peer);
    this.#way(name, peer, () => {
      const other = this.#network.endpoint(peer);
      other?.life.enter(() => other.broken(name, 'dropped'));
    });
  }

  probe(to: NodeId, deadlineMs: number): Promise<ProbeAnswer> {
    const { scheduler } = this.#network;
    const { name, life } = this.#self;
    return new Promise((resolve, reject) => {
      const inside = (act: () => void): void => life.enter(act);
      scheduler.after(deadlineMs, () =>
        inside(() => reject(new TanistError('deadline-exceeded', `${to} did not answer`))),
      );
      this.#way(name, to, () => {
        const peer = this.#network.endpoint(to);
        if (peer === undefined) {
          const refused = new TanistError('unavailable', `nobody listens at ${to}`);
          this.#way(to, name, () => inside(() => reject(refused)));
          return;
        }
        peer.life.enter(() => {
          const answer = peer.handler.probed();
          this.#way(to, name, () => inside(() => resolve(answer)));
        });
      });
    });
  }

  sendSnapshot(to: NodeId, snapshot: OutgoingSnapshot): Promise<void> {
    return streamSnapshot(this.#network, this.#self, to, snapshot);
  }

  roundTripMs(peer: NodeId): number | null {
    return this.#streams.has(peer) ? this.#network.roundTripMs(this.#self.name, peer) : null;
  }

  close(): Promise<void> {
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    if (this.#network.endpoint(this.#self.name) === this.#self) this.#network.closed(this.#self.name);
    return Promise.resolve();
  }

  #connect(): void {
    for (const peer of this.#peers) {
      if (this.#streams.has(peer)) continue;
      const stream = new OutgoingStream(this.#network, this.#self, nodeId(peer));
      this.#streams.set(peer, stream);
      stream.connect();
    }
  }

  #way(from: string, to: string, act: () => void): void {
    const network = this.#network;
    network.scheduler.after(network.delayMs(from, to), () => {
      if (!network.blocked(from, to)) act();
    });
  }
}
