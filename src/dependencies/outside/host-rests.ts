import type { Clock } from '../../ports/clock.ts';
import { AnswerStatus } from './answer-status.ts';

/** A host that asks for more is asked again all the same. */
const longestRestMs = 5 * 60_000;
const mostHosts = 1024;

/** Hosts that said when to come back (`Retry-After` of 429 and 503: RFC 9110, 10.2.3): until then nobody here asks them anything. */
export class HostRests {
  readonly #clock: Clock;
  readonly #until = new Map<string, { readonly ms: number; readonly status: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Fails as the host would answer. */
  check(url: URL): void {
    const rest = this.#until.get(url.host);
    if (rest === undefined) return;
    const leftMs = rest.ms - this.#clock.nowMs();
    if (leftMs > 0) throw new AnswerStatus(url, rest.status, leftMs);
    this.#until.delete(url.host);
  }

  answered({ host }: URL, status: number, retryAfterMs: number): void {
    if (retryAfterMs <= 0 || (status !== 429 && status !== 503)) return;
    const [oldest] = this.#until.keys();
    if (this.#until.size >= mostHosts && oldest !== undefined) this.#until.delete(oldest);
    const ms = this.#clock.nowMs() + Math.min(longestRestMs, retryAfterMs);
    this.#until.set(host, { ms, status });
  }
}
