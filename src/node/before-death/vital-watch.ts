import type { Signs } from '../../failover/before-death/decide-hand-over.ts';
import type { Breach } from '../../failover/before-death/predict-breach.ts';
import { type Sign, SignalWatch } from '../../failover/before-death/signal-watch.ts';
import {
  type BeforeDeathPolicy,
  lookEveryMs,
  readingsOf,
  type SignalName,
  signalNames,
} from '../../failover/before-death/signals.ts';
import type { Durations } from '../../foundation/durations.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Vitals } from '../vitals.ts';

export interface VitalWatchParts {
  readonly clock: Clock;
  readonly policy: BeforeDeathPolicy;
  /** Null: nothing is known. */
  readonly vitals: () => Vitals | null;
  readonly syncs: () => Durations;
  /** The longest that the event loop was late since the last call; null: not known. */
  readonly takeWorstLagMs: () => number | null;
  readonly reserveBytes: number;
}

/** A node's own vital signs, looked at every half second whoever leads: who becomes leader knows at once how it fares. */
export class VitalWatch {
  readonly #parts: VitalWatchParts;
  readonly #watches: readonly SignalWatch[];
  #nextMs = 0;
  #syncCount = 0;
  #syncSeconds = 0;
  #signs: Signs = {};

  constructor(parts: VitalWatchParts) {
    this.#parts = parts;
    this.#watches = signalNames.map((name) => new SignalWatch(name, parts.policy));
  }

  get signs(): Signs {
    return this.#signs;
  }

  get breaches(): readonly Breach[] {
    return this.#watches.flatMap(({ breach }) => breach ?? []);
  }

  /** With every tick. True: it looked. */
  look(): boolean {
    const { clock, vitals, takeWorstLagMs, reserveBytes } = this.#parts;
    const nowMs = clock.nowMs();
    if (nowMs < this.#nextMs) return false;
    // No beat is made up for: after a stall the next look is a whole step away.
    this.#nextMs = nowMs + lookEveryMs;
    const measured = vitals();
    const readings = readingsOf(measured, reserveBytes, this.#takeSyncMs(), takeWorstLagMs());
    const { memoryFloorBytes: floor = null, memoryLimitBytes: most = null } = measured ?? {};
    const floorPart = floor === null || most === null || most <= 0 ? null : floor / most;
    const signs: Partial<Record<SignalName, Sign>> = {};
    for (const watch of this.#watches) {
      watch.add(readings[watch.name], watch.name === 'memory' ? floorPart : null);
      const { sign } = watch;
      // A few digits: it travels with every heartbeat's answer.
      if (sign !== null) signs[watch.name] = { ...sign, now: Number(sign.now.toPrecision(4)) };
    }
    this.#signs = signs;
    return true;
  }

  /** Mean of the synced writes since the last call; null: there were none. */
  #takeSyncMs(): number | null {
    const { counts, sumSeconds } = this.#parts.syncs();
    const count = counts.reduce((sum, some) => sum + some, 0);
    const added = count - this.#syncCount;
    const mean = added === 0 ? null : ((sumSeconds - this.#syncSeconds) / added) * 1000;
    this.#syncCount = count;
    this.#syncSeconds = sumSeconds;
    return mean;
  }
}
