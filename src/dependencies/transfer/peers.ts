import type { Clock } from '../../ports/clock.ts';
import type { Holding } from '../../ports/dependency-registry.ts';

/** After it did not answer, or fell silent. */
const restMs = 15_000;
/** After it sent other bytes than it was asked for. */
const markedMs = 10 * 60_000;
const mostPeers = 4096;
const gain = 0.2;

export interface PeerFacts {
  readonly sandbox: string;
  readonly address: string;
  /** ms until its first byte, smoothed; null: not measured. */
  readonly latencyMs: number | null;
  readonly marked: boolean;
  readonly resting: boolean;
  readonly bytes: number;
}

interface Peer {
  readonly sandbox: string;
  readonly address: string;
  latencyMs: number | null;
  restsUntilMs: number;
  markedUntilMs: number;
  bytes: number;
  /** Requests under way. */
  busy: number;
}

/** What this agent has seen of the others: who is near, who does not answer, who sent wrong bytes. */
export class Peers {
  readonly #clock: Clock;
  readonly #zone: string;
  readonly #peers = new Map<string, Peer>();
  /** Times that a peer's bytes were not what it was asked for. */
  mismatches = 0;
  /** Times that a peer did not answer, or fell silent. */
  failures = 0;

  constructor(clock: Clock, zone: string) {
    this.#clock = clock;
    this.#zone = zone;
  }

  /**
   * Those worth asking, nearest first: own zone, then the lowest latency for each request that it has under way; the unmeasured count as near, so that they
   * get measured. Marked and resting ones are left out.
   */
  order(holdings: readonly Holding[]): readonly Holding[] {
    const nowMs = this.#clock.nowMs();
    return holdings
      .map((holding) => ({ holding, peer: this.#peer(holding.sandbox, holding.address) }))
      .filter(({ peer }) => peer.markedUntilMs <= nowMs && peer.restsUntilMs <= nowMs)
      .map(({ holding, peer }) => ({
        holding,
        far: this.#zone === '' || holding.zone === this.#zone ? 0 : 1,
        cost: (peer.latencyMs ?? 0.5) * (1 + peer.busy),
      }))
      .sort((a, b) => a.far - b.far || a.cost - b.cost)
      .map(({ holding }) => holding);
  }

  began(sandbox: string): void {
    const peer = this.#peers.get(sandbox);
    if (peer !== undefined) peer.busy++;
  }

  ended(sandbox: string): void {
    const peer = this.#peers.get(sandbox);
    if (peer !== undefined) peer.busy = Math.max(0, peer.busy - 1);
  }

  answered(sandbox: string, latencyMs: number): void {
    const peer = this.#peers.get(sandbox);
    if (peer === undefined) return;
    peer.latencyMs =
      peer.latencyMs === null ? latencyMs : peer.latencyMs + gain * (latencyMs - peer.latencyMs);
  }

  gave(sandbox: string, bytes: number): void {
    const peer = this.#peers.get(sandbox);
    if (peer !== undefined) peer.bytes += bytes;
  }

  silent(sandbox: string): void {
    this.failures++;
    const peer = this.#peers.get(sandbox);
    if (peer !== undefined) peer.restsUntilMs = this.#clock.nowMs() + restMs;
  }

  lied(sandbox: string): void {
    this.mismatches++;
    const peer = this.#peers.get(sandbox);
    if (peer !== undefined) peer.markedUntilMs = this.#clock.nowMs() + markedMs;
  }

  list(): readonly PeerFacts[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#peers.values()].map((peer) => ({
      sandbox: peer.sandbox,
      address: peer.address,
      latencyMs: peer.latencyMs,
      marked: peer.markedUntilMs > nowMs,
      resting: peer.restsUntilMs > nowMs,
      bytes: peer.bytes,
    }));
  }

  /** An id at a new address is another process: only the mark stays. */
  #peer(sandbox: string, address: string): Peer {
    const known = this.#peers.get(sandbox);
    if (known?.address === address) return known;
    if (this.#peers.size >= mostPeers) {
      const [oldest] = this.#peers.keys();
      if (oldest !== undefined) this.#peers.delete(oldest);
    }
    const markedUntilMs = known?.markedUntilMs ?? 0;
    const peer = { sandbox, address, latencyMs: null, restsUntilMs: 0, markedUntilMs, bytes: 0, busy: 0 };
    this.#peers.set(sandbox, peer);
    return peer;
  }
}
