import { Smoothed } from '../../failover/topology/smoothed.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkProbe } from '../../ports/link-probe.ts';
import type { LinkMeasurement } from '../../ports/replication.ts';

export interface LinkKeeperOptions {
  readonly clock: Clock;
  /** Whose paths are measured, and where their clients reach them. */
  readonly targets: () => readonly { readonly id: NodeId; readonly client: string }[];
  /** What messages that travel anyway say; null: nothing. */
  readonly roundTripMs: (id: NodeId) => number | null;
  readonly bytesPerSecond: (id: NodeId) => number | null;
  /** Null: nothing is measured but that. */
  readonly probe: LinkProbe | null;
  /** The node has better things to do. */
  readonly busy: () => boolean;
}

/** All that a probe may fetch, and how often one of a path may be; without bytes they are cheap. */
const mostBytes = 256 * 1024;
const fillEveryMs = 60_000;
const firstFillMs = 10_000;
const timeEveryMs = 5000;
const sampleEveryMs = 1000;

interface Path {
  readonly roundTrip: Smoothed;
  readonly rate: Smoothed;
  timedMs: number;
  filledMs: number;
}

/**
 * Measures the paths to other members: first by what travels anyway, then by probes, one at a time, of at most 256 KiB a minute and path, and of an
 * empty exchange where not even that is known. On hot nodes and on replicas beyond the quorum alike.
 */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  readonly #paths = new Map<NodeId, Path>();
  #sampledMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;
  #links: readonly LinkMeasurement[] = [];

  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** As last smoothed, in the order of the targets. */
  get links(): readonly LinkMeasurement[] {
    return this.#links;
  }

  /** Now and then; the time of the sampling is its own. */
  look(): void {
    const { clock, targets, roundTripMs, bytesPerSecond, busy } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#sampledMs < sampleEveryMs) return;
    this.#sampledMs = nowMs;
    const all = targets();
    const ids = new Set(all.map(({ id }) => id));
    for (const id of this.#paths.keys()) if (!ids.has(id)) this.#paths.delete(id);
    for (const { id } of all) {
      const path = this.#path(id, nowMs);
      const sampleMs = roundTripMs(id);
      if (sampleMs === null) continue;
      path.roundTrip.add(sampleMs);
      path.timedMs = nowMs;
    }
    if (!this.#isProbing && !busy()) this.#probeNext(all, nowMs);
    this.#links = all.map(({ id }) => {
      const { roundTrip, rate } = this.#path(id, nowMs);
      const seen = bytesPerSecond(id);
      const bytes = rate.value === null ? seen : Math.max(rate.value, seen ?? 0);
      return {
        to: id,
        roundTripMs: roundTrip.value === null ? null : Math.round(roundTrip.value * 1000) / 1000,
        bytesPerSecond: bytes === null ? null : Math.round(bytes),
      };
    });
  }

  #path(id: NodeId, nowMs: number): Path {
    let path = this.#paths.get(id);
    if (path === undefined) {
      path = {
        roundTrip: new Smoothed(),
        rate: new Smoothed(),
        timedMs: Number.NEGATIVE_INFINITY,
        filledMs: nowMs - fillEveryMs + firstFillMs,
      };
      this.#paths.set(id, path);
    }
    return path;
  }

  #probeNext(targets: ReturnType<LinkKeeperOptions['targets']>, nowMs: number): void {
    const { probe, bytesPerSecond } = this.#options;
    if (probe === null) return;
    for (const { id, client } of targets) {
      if (client === '') continue;
      const path = this.#path(id, nowMs);
      // What was seen of real streams is as good as a probe.
      const fills = nowMs - path.filledMs >= fillEveryMs && bytesPerSecond(id) === null;
      if (!fills && nowMs - path.timedMs < timeEveryMs) continue;
      path.timedMs = nowMs;
      if (fills) path.filledMs = nowMs;
      this.#isProbing = true;
      probe.measure(client, fills ? mostBytes : 0).then(
        (found) => {
          this.#isProbing = false;
          if (this.#options.roundTripMs(id) === null) path.roundTrip.add(found.roundTripMs);
          if (found.bytesPerSecond !== null) path.rate.add(found.bytesPerSecond);
        },
        () => {
          this.#isProbing = false; // who is gone is not measured
        },
      );
      return;
    }
  }
}
