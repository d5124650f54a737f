import type { HitCounts } from '../sdk/hits.ts';

/** What a process has read, on its lease. */
export interface ReportRecord {
  readonly atMs: number;
  readonly total: HitCounts;
  /** The most read of late. */
  readonly resources: Readonly<Record<string, { readonly perSecond: number; readonly hits: HitCounts }>>;
}
