import type { Moment } from '../moment.ts';
import type { TargetOptions } from '../target/options.ts';
import type { Target } from '../target.ts';
import type { StartTraffic } from '../traffic.ts';

/** A moment without its time: whoever hears of it stamps it. */
export type Unstamped = Moment extends infer One ? (One extends Moment ? Omit<One, 'atMs'> : never) : never;

/** The wall: monotonic ms, and a wait that ends early when the signal aborts. */
export interface HarnessClock {
  nowMs(): number;
  delay(ms: number, signal?: AbortSignal): Promise<void>;
  /** ms since 1970, for comparing with what nodes log. */
  epochMs(): number;
}

/** What a run is made of; tests hand in others. */
export interface Harness {
  readonly startTarget: (wish: TargetOptions) => Promise<Target>;
  readonly startTraffic: StartTraffic;
  readonly clock: HarnessClock;
}
