import { nodeId } from '../../foundation/ids.ts';
import { presentedOf } from '../../ports/log-store.ts';
import type { LossReason } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Endpoint, Network } from './network.ts';

const connectTimeoutMs = 300;
const retryMs = 40;
/** How long a stream lives through a partition before keep-alive gives it up. */
const keepAliveMs = 800;

type State =
  | { readonly kind: 'down' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'up'; readonly to: Endpoint };

/** One direction between two processes, as a stream: in order while it lives; what was under way is lost with it. */
export class OutgoingStream {
  readonly #network: Network;
  readonly #from: Endpoint;
  readonly #peer: string;
  #state: State = { kind: 'down' };
  /** Counts attempts and connections, so that late news of an earlier one is told apart. */
  #attempt = 0;
  #turn: RaftMessage[] = [];
  /** Sent into a partition: goes on if that heals in time. */
  #stuck: (readonly RaftMessage[])[] = [];
  #arrivalMs = 0;
  #closed = false;

  constructor(network: Network, from: Endpoint, peer: string) {
    this.#network = network;
    this.#from = from;
    this.#peer = peer;
  }

  connect(): void {
    const { scheduler } = this.#network;
    const { name, life, handler, identity } = this.#from;
    if (this.#closed || this.#state.kind !== 'down') return;
    this.#state = { kind: 'connecting' };
    const attempt = ++this.#attempt;
    const current = (): boolean => this.#attempt === attempt && !this.#closed;
    const failed = (reason: LossReason): void => {
      if (!current() || this.#state.kind !== 'connecting') return;
      this.#state = { kind: 'down' };
      handler.disconnected(nodeId(this.#peer), reason);
      this.#later(retryMs, () => this.connect());
    };
    this.#later(connectTimeoutMs, () => failed('silent'));
    this.#there(() => {
      const to = this.#network.endpoint(this.#peer);
      if (to === undefined) {
        this.#back(() => failed('refused'));
        return;
      }
      to.life.enter(() => {
        // The kernel of a process that is gone does not complete a handshake.
        if (life.dead) return;
        to.handler.hello(nodeId(name), presentedOf(identity), identity.clusterId, `${name}:1`).then(
          () => {
            to.accepted.set(name, life);
            this.#back(() => {
              if (!current() || this.#state.kind !== 'connecting' || to.life.dead) return;
              this.#state = { kind: 'up', to };
              this.#arrivalMs = scheduler.nowMs;
              handler.connected(nodeId(this.#peer), presentedOf(to.identity));
            });
          },
          (error: unknown) =>
            this.#back(() => {
              handler.rejected(nodeId(this.#peer), error instanceof Error ? error.message : String(error));
              failed('silent');
            }),
        );
      });
    });
    if (life.dead) this.close();
  }

  send(message: RaftMessage): void {
    if (this.#state.kind !== 'up') return;
    this.#network.sent(message);
    this.#turn.push(message);
    if (this.#turn.length > 1) return;
    const attempt = this.#attempt;
    this.#network.scheduler.after(0, () => {
      const messages = this.#turn;
      this.#turn = [];
      // Handed to the kernel: it goes out even if the process has died since.
      if (this.#attempt === attempt) this.#transmit(messages);
    });
  }

  broken(reason: Exclude<LossReason, 'refused'>): void {
    if (this.#closed || this.#state.kind === 'down') return;
    const wasUp = this.#state.kind === 'up';
    this.#attempt++;
    this.#state = { kind: 'down' };
    this.#turn = [];
    this.#stuck = [];
    if (wasUp) this.#from.handler.disconnected(nodeId(this.#peer), reason);
    this.connect();
  }

  unblocked(): void {
    const stuck = this.#stuck;
    this.#stuck = [];
    for (const messages of stuck) this.#transmit(messages);
  }

  close(): void {
    this.#closed = true;
  }

  #transmit(messages: readonly RaftMessage[]): void {
    const network = this.#network;
    const { scheduler, random, weather } = network;
    const { name } = this.#from;
    const state = this.#state;
    if (state.kind !== 'up') return;
    if (network.blocked(name, this.#peer)) {
      this.#stuck.push(messages);
      if (this.#stuck.length === 1) this.#giveUpLater();
      return;
    }
    const delayMs = network.delayMs(name, this.#peer);
    const inOrder = !random.chance(weather.reordering);
    let atMs = scheduler.nowMs + delayMs;
    if (inOrder) {
      atMs = Math.max(atMs, this.#arrivalMs);
      this.#arrivalMs = atMs;
    } else {
      atMs += random.next() * 5;
    }
    const arriving: RaftMessage[] = [];
    for (const message of messages) {
      if (random.chance(weather.loss)) continue;
      arriving.push(message);
      if (random.chance(weather.duplication)) arriving.push(message);
    }
    if (arriving.length === 0) return;
    const attempt = this.#attempt;
    const { to } = state;
    scheduler.at(atMs, () => {
      if (network.endpoint(this.#peer) !== to) {
        // The kernel there knows no such connection.
        this.#back(() => {
          if (this.#attempt === attempt) this.broken('dropped');
        });
        return;
      }
      // A stream that was given up loses what was under way, unless the process behind it is gone: then it still drains.
      if (this.#attempt !== attempt && !this.#from.life.dead) return;
      if (to.accepted.get(name) !== this.#from.life) {
        // Cut off by the other side, which may not have been heard.
        this.#back(() => {
          if (this.#attempt === attempt) this.broken('dropped');
        });
        return;
      }
      network.trace.event(this.#peer, 'gets', () => `${arriving.map(brief).join(', ')} from ${name}`);
      to.life.enter(() => to.handler.received(nodeId(name), arriving));
    });
  }

  #giveUpLater(): void {
    const attempt = this.#attempt;
    this.#later(keepAliveMs, () => {
      if (this.#attempt !== attempt || !this.#network.blocked(this.#from.name, this.#peer)) return;
      this.broken('dropped');
    });
  }

  #later(delayMs: number, act: () => void): void {
    const { scheduler, random } = this.#network;
    scheduler.after(delayMs * (0.8 + 0.4 * random.next()), () => this.#from.life.enter(act));
  }

  /** At the other end, if the way is open. */
  #there(act: () => void): void {
    const network = this.#network;
    const { name } = this.#from;
    network.scheduler.after(network.delayMs(name, this.#peer), () => {
      if (!network.blocked(name, this.#peer)) act();
    });
  }

  #back(act: () => void): void {
    const network = this.#network;
    const { name, life } = this.#from;
    network.scheduler.after(network.delayMs(this.#peer, name), () => {
      if (!network.blocked(this.#peer, name)) life.enter(act);
    });
  }
}

/** A message in a few words, for traces. */
export function brief(message: RaftMessage): string {
  const at = `${message.type}@${message.term}`;
  switch (message.type) {
    case 'append': {
      const last = message.entries.at(-1)?.index ?? message.previous.index;
      return `${at}(${message.previous.index}..${last} commit ${message.commit})`;
    }
    case 'appendReply':
      return `${at}(${message.rejected ? `no, hint ${message.hint.index}` : `match ${message.match}`})`;
    case 'heartbeat':
      return `${at}(commit ${message.commit} round ${message.round})`;
    case 'heartbeatReply':
      return `${at}(round ${message.round})`;
    case 'preVote':
    case 'vote':
      return `${at}(last ${message.last.index}@${message.last.term})`;
    case 'preVoteReply':
    case 'voteReply':
      return `${at}(${message.reason})`;
    case 'installSnapshot':
      return `${at}(${message.point.index})`;
    case 'timeoutNow':
      return at;
    case 'readIndexRequest':
    case 'readIndexReply':
      return `${at}(${message.id})`;
  }
}
