import type { Clock, Timer } from '../../ports/clock.ts';
import type { Progress } from './progress.ts';

const afterMs = 2000;
const againMs = 1000;

/**
 * A command's progress, which says by itself what is waited for, from 2 s on and for how long by then, until the command says something of its own.
 * `clear` ends it.
 */
export function saysWaiting(progress: Progress, what: string, clock: Clock): Progress {
  if (!progress.shown) return progress;
  const startMs = clock.nowMs();
  const draw = (): void => {
    progress.update(`waiting for ${what}, ${Math.round((clock.nowMs() - startMs) / 1000)} s …`);
    next = clock.after(againMs, draw);
  };
  let next: Timer = clock.after(afterMs, draw);
  return {
    shown: true,
    update(text) {
      next.cancel();
      progress.update(text);
    },
    clear() {
      next.cancel();
      progress.clear();
    },
  };
}
