import type { NodeId } from '../../../foundation/ids.ts';
import type { Clock } from '../../../ports/clock.ts';
import { type MemberUsage, type Usage, usageInRows, usageJson, usageOf, usageRow } from './usage.ts';

export interface UsageBookParts {
  readonly self: NodeId;
  readonly clock: Clock;
  /** Null: not known, or nobody wants to know. */
  readonly own: () => Usage | null;
  /** What peers say of themselves. */
  readonly others: () => readonly { readonly id: NodeId; readonly usage: Usage }[];
  /** Cluster time; not finite: not known. */
  readonly timeMs: () => number;
}

const everyMs = 1000;
/** Of a leader's words, which come many times a second. */
const listenEveryMs = 400;

/**
 * What each member uses of its machine, alike on all of them: the leader gathers it once a second, stamps it with cluster time, and says it with its heartbeats;
 * the others take it from there. So replicas learn from the same numbers, and their predictions can be compared.
 */
export class UsageBook {
  readonly #parts: UsageBookParts;
  #latest: readonly MemberUsage[] = [];
  #gatheredMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;

  constructor(parts: UsageBookParts) {
    this.#parts = parts;
  }

  /** What this node says of itself; null: nothing. */
  get own(): Usage | null {
    return this.#parts.own();
  }

  get latest(): readonly MemberUsage[] {
    return this.#latest;
  }

  /** For a leader's heartbeats. */
  leaderRows(): readonly (readonly (string | number)[])[] {
    const { clock, self, own, others, timeMs } = this.#parts;
    const mine = own();
    const atMs = Math.round(timeMs());
    if (mine === null || !Number.isFinite(atMs)) return [];
    if (clock.nowMs() - this.#gatheredMs >= everyMs) {
      this.#gatheredMs = clock.nowMs();
      this.#latest = [{ id: self, usage: mine }, ...others()].flatMap(({ id, usage }) => {
        const told = usageOf(usageJson(usage));
        return told === null ? [] : [{ id, atMs, usage: told }];
      });
    }
    return [usageRow(this.#latest)];
  }

  /** A follower hears its leader. */
  leaderSays(context: Uint8Array): void {
    const { clock, own } = this.#parts;
    if (clock.nowMs() - this.#heardMs < listenEveryMs || own() === null) return;
    const said = usageInRows(context);
    if (said === null) return;
    this.#heardMs = clock.nowMs();
    this.#latest = said;
  }
}
