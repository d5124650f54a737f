import type { Random } from '../../foundation/random.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';

/** A machine's clocks, over all incarnations of its process. */
export interface MachineTime {
  /** Of the monotonic clock: its origin, and how much faster than true time it runs, as a part of 1. */
  readonly originMs: number;
  readonly drift: number;
  /** The calendar at true time 0; a clock jump changes it. */
  wallOffsetMs: number;
}

/** How long the rest of an event-loop turn takes, at most; of a node that applies in slices a turn each, so that much comes between two. */
export const quickTurnMs = 0.05;
export const slicedTurnMs = 1;

export function nodeClock(
  scheduler: Scheduler,
  life: Life,
  time: MachineTime,
  random: Random,
  turnMs = quickTurnMs,
): Clock {
  const rate = 1 + time.drift;
  let lastSoonMs = 0;
  const later = (atMs: number, act: () => void): Timer => {
    let cancelled = false;
    const event = scheduler.at(atMs, () =>
      life.enter(() => {
        if (!cancelled) act();
      }),
    );
    return {
      cancel: () => {
        cancelled = true;
        event.act = null;
      },
    };
  };
  return {
    nowMs: () => time.originMs + scheduler.nowMs * rate,
    wallMs: () => time.wallOffsetMs + scheduler.nowMs * rate,
    after: (delayMs, act) => {
      // Timers are late, never early.
      const lateMs = random.next() * (random.chance(0.02) ? 5 : 0.3);
      return later(scheduler.nowMs + Math.max(0, delayMs) / rate + lateMs, act);
    },
    soon: (act) => {
      lastSoonMs = Math.max(lastSoonMs, scheduler.nowMs + random.next() * turnMs);
      later(lastSoonMs, act);
    },
  };
}
