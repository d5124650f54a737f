/** Something that happened in a run, for the timeline. Times in ms on the harness's monotonic clock, since the run began. */
export type Moment =
  | {
      readonly kind: 'fault';
      readonly atMs: number;
      readonly id: number;
      readonly name: string;
      readonly on: readonly string[];
      readonly detail: string;
      readonly budget: Budget | null;
      /** Why it could not be done: it counts as no fault. */
      readonly undone?: string;
    }
  | { readonly kind: 'healed'; readonly atMs: number; readonly id: number }
  /** A member leads, as its own log or status says. */
  | { readonly kind: 'leader'; readonly atMs: number; readonly member: string; readonly term: number }
  | { readonly kind: 'tier'; readonly atMs: number; readonly member: string; readonly tier: string }
  | {
      readonly kind: 'process';
      readonly atMs: number;
      readonly member: string;
      readonly state: 'started' | 'serves' | 'ended' | 'stopped' | 'continued';
    }
  | { readonly kind: 'note'; readonly atMs: number; readonly member: string | null; readonly text: string };

/** Events of failover.md whose outages have a budget: median and worst in ms. */
export type Budget = 'kill' | 'freeze' | 'hand-over';

export const budgets: Readonly<Record<Budget, { readonly medianMs: number; readonly worstMs: number }>> = {
  kill: { medianMs: 15, worstMs: 60 },
  freeze: { medianMs: 120, worstMs: 300 },
  'hand-over': { medianMs: 5, worstMs: 20 },
};
