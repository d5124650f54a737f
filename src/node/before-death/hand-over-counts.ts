import type { Verdict } from '../../failover/before-death/judge-hand-over.ts';
import type { SignalName } from '../../failover/before-death/signals.ts';

/** What this node has done since its start: hand-overs begun (`open`), and verdicts given. */
export interface HandOverCount {
  readonly signal: SignalName;
  readonly verdict: Verdict;
  readonly count: number;
}

export class HandOverCounts {
  readonly #counts = new Map<string, HandOverCount>();

  add(signal: SignalName, verdict: Verdict): void {
    const key = `${signal} ${verdict}`;
    this.#counts.set(key, { signal, verdict, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }

  list(): readonly HandOverCount[] {
    return [...this.#counts.values()];
  }
}
