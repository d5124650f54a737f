import type { Random } from '../../foundation/random.ts';
import type { StoreIdentity } from '../../ports/log-store.ts';
import type { LossReason, TransportHandler } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { ZoneDelays } from '../plan/zones.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** What holds everywhere; drawn from the seed, calmed for the liveness phase. Rates are parts of 1, a message each. */
export interface NetworkWeather {
  /** One way; each message takes up to `jitterMs` longer. */
  latencyMs: number;
  jitterMs: number;
  /** The chance that a message takes up to `spikeMs` longer; what follows on its stream waits behind it. */
  spikes: number;
  spikeMs: number;
  /** Raft must bear these three, although the transport's streams promise better. */
  loss: number;
  duplication: number;
  reordering: number;
}

/** A running process that listens. */
export interface Endpoint {
  readonly name: string;
  readonly life: Life;
  readonly identity: StoreIdentity;
  readonly handler: TransportHandler<RaftMessage>;
  /** By peer, whose process's stream it takes: a newer one replaces it. */
  readonly accepted: Map<string, Life>;
  /** Its connection to `peer` is gone, or what it had sent may go on. */
  broken(peer: string, reason: Exclude<LossReason, 'refused'>): void;
  unblocked(peer: string): void;
}

/** A process's end is seen as its sentinel's. */
const seenGone = 0.5;
/** A living process's sentinel was ended by somebody: it is held dead until it is heard anew. */
const falselyGone = 0.2;

/** Who is reachable for whom, and how long messages take. */
export class Network {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  readonly weather: NetworkWeather;
  /** Sees every message when it is sent; for checks. */
  sent: (message: RaftMessage) => void = () => {};
  /** What is seen of connections that end. */
  readonly #ends: Random;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #blocked = new Map<string, number>();
  readonly #slow = new Map<string, number>();
  /** Chance in what is measured of the ways. */
  readonly #measured: Random;
  /** By name, the place that it is in; who is in none is near to all. */
  readonly #zones: ReadonlyMap<string, number>;
  #zoneDelays: ZoneDelays = [];
  readonly #streams = new Set<{ readonly ends: readonly string[]; readonly act: () => void }>();

  constructor(
    scheduler: Scheduler,
    random: Random,
    trace: Trace,
    weather: NetworkWeather,
    zones: ReadonlyMap<string, number> = new Map(),
  ) {
    this.#zones = zones;
    this.#measured = random.fork('measured');
    this.scheduler = scheduler;
    this.random = random;
    this.trace = trace;
    this.weather = weather;
    this.#ends = random.fork('ends');
  }

  endpoint(name: string): Endpoint | undefined {
    return this.#endpoints.get(name);
  }

  listen(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.name, endpoint);
  }

  /** The process ended: its kernel closes its sockets, and those who can be reached see it after a moment. */
  closed(name: string): void {
    if (!this.#endpoints.delete(name)) return;
    for (const other of this.#endpoints.values()) {
      const noticedMs = this.delayMs(name, other.name) + this.random.next() * 3;
      this.scheduler.after(noticedMs, () => {
        if (this.blocked(name, other.name)) return;
        other.life.enter(() => other.broken(name, this.#ends.chance(seenGone) ? 'gone' : 'dropped'));
      });
    }
  }

  /** Hears when connections between the two break; returns how to stop it. */
  onDrop(a: string, b: string, act: () => void): () => void {
    const one = { ends: [a, b], act };
    this.#streams.add(one);
    return () => this.#streams.delete(one);
  }

  /** Connections between the two break although both live, or seem to. */
  drop(a: string, b: string): void {
    for (const { ends, act } of [...this.#streams]) if (ends.includes(a) && ends.includes(b)) act();
    for (const [here, there] of [
      [a, b],
      [b, a],
    ] as const) {
      const endpoint = this.#endpoints.get(here);
      endpoint?.life.enter(() => endpoint.broken(there, this.#ends.chance(falselyGone) ? 'gone' : 'dropped'));
    }
  }

  delayMs(from: string, to: string): number {
    const { weather, random } = this;
    let delay = weather.latencyMs + random.next() * weather.jitterMs;
    if (weather.spikes > 0 && random.chance(weather.spikes)) delay += random.next() * weather.spikeMs;
    return delay + this.#extraMs(from, to);
  }

  /** As it would be measured. */
  roundTripMs(a: string, b: string): number {
    const { latencyMs, jitterMs } = this.weather;
    if (this.#zones.size === 0) return 2 * latencyMs;
    const noiseMs = (this.#measured.next() + this.#measured.next()) * jitterMs;
    return 2 * latencyMs + noiseMs + this.#extraMs(a, b) + this.#extraMs(b, a);
  }

  set zoneDelays(delays: ZoneDelays) {
    this.#zoneDelays = delays;
  }

  #extraMs(from: string, to: string): number {
    const slow = this.#slow.get(`${from}>${to}`) ?? 0;
    const [here, there] = [this.#zones.get(from), this.#zones.get(to)];
    if (here === undefined || there === undefined) return slow;
    return slow + (this.#zoneDelays[here]?.[there] ?? 0);
  }

  blocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  /** Nothing gets from one to the other until as many calls of `unblock`. */
  block(from: string, to: string): void {
    const way = `${from}>${to}`;
    this.#blocked.set(way, (this.#blocked.get(way) ?? 0) + 1);
  }

  unblock(from: string, to: string): void {
    const way = `${from}>${to}`;
    const left = (this.#blocked.get(way) ?? 0) - 1;
    if (left > 0) {
      this.#blocked.set(way, left);
      return;
    }
    this.#blocked.delete(way);
    const endpoint = this.#endpoints.get(from);
    endpoint?.life.enter(() => endpoint.unblocked(to));
  }

  slow(from: string, to: string, extraMs: number): void {
    if (extraMs === 0) this.#slow.delete(`${from}>${to}`);
    else this.#slow.set(`${from}>${to}`, extraMs);
  }

  /** Everyone reaches everyone, fast. */
  heal(): void {
    const ways = [...this.#blocked.keys()];
    this.#slow.clear();
    for (const way of ways) {
      this.#blocked.set(way, 1);
      const [from = '', to = ''] = way.split('>');
      this.unblock(from, to);
    }
    Object.assign(this.weather, { spikes: 0, loss: 0, duplication: 0, reordering: 0 });
  }
}
