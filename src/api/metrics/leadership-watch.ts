import type { NodeId } from '../../foundation/ids.ts';
import type { ServedNode } from '../../node/served-node.ts';
import { systemClock } from '../system-clock.ts';

/** Counts what this node sees of leaders come and go. */
export class LeadershipWatch {
  /** Times that a leader was seen, and times that it was another one than before. */
  seen = 0;
  failovers = 0;
  #withoutMs = 0;
  /** The last time that a leader was missing. */
  #lastMs = 0;
  #leader: NodeId | null = null;
  #sinceMs: number | null;
  readonly #stop: () => void;

  constructor(node: ServedNode) {
    this.#sinceMs = systemClock.nowMs();
    this.#saw(node.routing().leader);
    this.#stop = node.onRouting(({ leader }) => this.#saw(leader));
  }

  get withoutLeaderSeconds(): number {
    const now = this.#sinceMs === null ? 0 : systemClock.nowMs() - this.#sinceMs;
    return (this.#withoutMs + now) / 1000;
  }

  get lastOutageSeconds(): number {
    return this.#lastMs / 1000;
  }

  close(): void {
    this.#stop();
  }

  #saw(leader: NodeId | null): void {
    if (leader === null) {
      this.#sinceMs ??= systemClock.nowMs();
      return;
    }
    if (this.#sinceMs !== null) {
      this.#lastMs = systemClock.nowMs() - this.#sinceMs;
      this.#withoutMs += this.#lastMs;
      this.#sinceMs = null;
      this.seen += 1;
    } else if (leader !== this.#leader) {
      this.#lastMs = 0;
      this.seen += 1;
    }
    if (this.#leader !== null && leader !== this.#leader) this.failovers += 1;
    this.#leader = leader;
  }
}
