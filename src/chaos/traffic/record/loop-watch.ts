/** A time in which the harness itself did nothing, so that it does not count as the cluster's. Ms since the run began. */
export interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
}

const everyMs = 5;
/** Longer than this behind its time the event loop counts as stalled. */
const stallMs = 20;
/** Of a soak only the newest are kept. */
const keptStalls = 10_000;

/** How late the harness's own event loop is. */
export interface LoopWatch {
  readonly stalls: readonly Stall[];
  /** The longest delay since it was asked last. */
  takeWorstMs(): number;
  stop(): void;
}

export function startLoopWatch(nowMs: () => number): LoopWatch {
  const stalls: Stall[] = [];
  let worstMs = 0;
  let lastMs = nowMs();
  const look = (): void => {
    const atMs = nowMs();
    const lateMs = Math.max(0, atMs - lastMs - everyMs);
    worstMs = Math.max(worstMs, lateMs);
    if (lateMs > stallMs) stalls.push({ fromMs: lastMs, toMs: atMs });
    if (stalls.length > keptStalls) stalls.shift();
    lastMs = atMs;
  };
  const timer = setInterval(look, everyMs);
  return {
    stalls,
    takeWorstMs: () => {
      look();
      const worst = worstMs;
      worstMs = 0;
      return worst;
    },
    stop: () => clearInterval(timer),
  };
}
