import type { HitCounts } from '../sdk/hits.ts';

/** What a process has read, on its lease. */
export interface ReportRecord {
  readonly atMs: number;
  /** Null: a further part of a process's report. */
  readonly total: HitCounts | null;
  /** Some of those that it has read. */
  readonly resources: Readonly<Record<string, { readonly perSecond: number; readonly hits: HitCounts }>>;
}
