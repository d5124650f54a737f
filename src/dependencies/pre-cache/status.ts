import { hitRate, type Outcome, wastedShare } from './backtest.ts';
import type { ItemForecaster } from './forecaster.ts';
import type { ApplicationStarts } from './starts.ts';

/** What the pre-cache service has learnt, and what its plans were worth: at `dep/pre-cache`, written anew when it changes. */
export const statusKey = 'dep/pre-cache';

const mostShown = 100;

export interface ModelStatus extends Outcome {
  readonly model: string;
  /** Of what was asked for, there before. */
  readonly hitRate: number;
  /** Of the bytes downloaded ahead, never asked for. */
  readonly wastedShare: number;
}

export interface PreCacheStatus {
  /** ms since 1970. */
  readonly atMs: number;
  readonly learnt: number;
  readonly plans: number;
  /** The chosen ones together (`selected`), then each candidate. */
  readonly models: readonly ModelStatus[];
  readonly applications: readonly {
    readonly application: string;
    readonly model: string;
    readonly latestMs: number;
    /** When it is expected to begin next; null: too little is known. */
    readonly expectedMs: number | null;
  }[];
}

export function statusOf(
  { learnt, plans }: { readonly learnt: number; readonly plans: number },
  forecaster: ItemForecaster,
  starts: ApplicationStarts,
  nowMs: number,
): PreCacheStatus {
  const of = [{ model: 'selected', outcome: forecaster.selected }, ...forecaster.outcomes()];
  return {
    atMs: nowMs,
    learnt,
    plans,
    models: of.map(({ model, outcome }) => ({
      model,
      ...outcome,
      hitRate: hitRate(outcome),
      wastedShare: wastedShare(outcome),
    })),
    applications: [...starts].slice(-mostShown).map((application) => {
      const latestMs = starts.latestMs(application);
      // As seen when it began last: it moves with the starts alone.
      const inMs = starts.next(application, latestMs)?.quantile(0.5) ?? Number.POSITIVE_INFINITY;
      const expectedMs = Number.isFinite(inMs) ? Math.round(latestMs + inMs) : null;
      return { application, model: forecaster.chosenFor(application), latestMs, expectedMs };
    }),
  };
}

export const encodeStatus = (status: PreCacheStatus): string => JSON.stringify(status);

/** Null: not written by this program. */
export function decodeStatus(value: Uint8Array): PreCacheStatus | null {
  try {
    const row = JSON.parse(Buffer.from(value).toString('utf8')) as PreCacheStatus;
    return Array.isArray(row.models) && Array.isArray(row.applications) ? row : null;
  } catch {
    return null;
  }
}
