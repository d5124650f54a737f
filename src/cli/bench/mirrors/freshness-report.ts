import { median, rounded } from '../../../foundation/statistics.ts';
import type { Output } from '../../terminal/output.ts';
import type { FreshnessRow } from './freshness.ts';
import type { Freshness } from './simulated-origin.ts';

/** What every policy's reads met, and those of them that waited for the origin; then by kind of history, beside the bound. */
export function showFreshness(out: Output, rows: readonly FreshnessRow[]): void {
  out.table(
    [
      'changes of',
      'kind',
      'calls/change',
      'origin says when',
      'mirrors',
      'interval',
      'TTL + SWR',
      'refresh-ahead',
      'ratio',
      'mean age',
      'age ratio',
      'read-through',
    ],
    rows.map((row) => [
      row.history,
      kindOf(row),
      row.callsPerChange,
      row.told ? 'yes' : 'no',
      met(row.mirrors),
      met(row.others.interval),
      met(row.others.staleWhileRevalidate),
      met(row.others.refreshAhead),
      rounded(row.ratio),
      duration(row.mirrors.meanAgeMs),
      rounded(row.ageRatio),
      met(row.readThrough),
    ]),
  );
  out.table(
    [
      'histories',
      'calls/change',
      'origin says when',
      'median ratio',
      'worst',
      'within the bound',
      'bound',
      'reads that waited',
      'of the best other',
    ],
    summary(rows).map((one) => [
      one.kind,
      one.callsPerChange,
      one.told ? 'yes' : 'no',
      one.medianRatio,
      one.worstRatio,
      `${one.within} of ${one.histories}`,
      one.bound,
      `${percent(one.waitedReads)} of ≤ ${percent(one.waitingReads)}`,
      percent(one.bestWaitedReads),
    ]),
  );
  out.say(
    out.style.dim(
      'A policy: stale reads + reads that waited for the origin, which makes them fresh; all make as many calls. The ratio is of stale reads, against the best of the three others; read-through (every call is waited for) stands for comparison. Generated histories are drawn from the seed; real ones are recorded, of real days the moments within them are drawn; those of series come from --histories. Predictable: by the first 30 % of a history, which is learned from and not counted, whatever a policy makes of it.',
    ),
  );
}

export interface FreshnessSummary {
  readonly kind: string;
  readonly callsPerChange: number;
  readonly told: boolean;
  readonly histories: number;
  readonly medianRatio: number;
  readonly worstRatio: number;
  readonly bound: number;
  readonly within: number;
  /** Allowed, and medians of what was: of the mirrors, and of the best other of each history. */
  readonly waitingReads: number;
  readonly waitedReads: number;
  readonly bestWaitedReads: number;
}

export function summary(rows: readonly FreshnessRow[]): readonly FreshnessSummary[] {
  const groups = new Map<string, FreshnessRow[]>();
  for (const row of rows) {
    const name = [kindOf(row), row.callsPerChange, row.told, row.waitingReads].join('|');
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const ratios = members.map(({ ratio }) => ratio);
    const kind = kindOf(first);
    const bound = first.predictable ? 0.5 : 1.05;
    return {
      kind,
      callsPerChange: first.callsPerChange,
      told: first.told,
      histories: members.length,
      medianRatio: rounded(median(ratios)),
      worstRatio: rounded(Math.max(...ratios)),
      bound,
      within: ratios.filter((ratio) => ratio <= bound).length,
      waitingReads: first.waitingReads,
      waitedReads: rounded(median(members.map(({ mirrors }) => mirrors.waitedReads)), 4),
      bestWaitedReads: rounded(median(members.map(({ others, best }) => others[best].waitedReads)), 4),
    };
  });
}

export function plain(row: FreshnessRow): object {
  return { ...row, ratio: rounded(row.ratio, 3), ageRatio: rounded(row.ageRatio, 3) };
}

function kindOf({ source, predictable }: FreshnessRow): string {
  return `${source === 'file' ? 'of series' : source}, ${predictable ? '' : 'un'}predictable`;
}

function met({ staleReads, waitedReads }: Freshness): string {
  return waitedReads < 0.0005 ? percent(staleReads) : `${percent(staleReads)} + ${percent(waitedReads)}`;
}

function percent(share: number): string {
  return `${rounded(100 * share, 1)} %`;
}

function duration(ms: number): string {
  return ms < 10_000
    ? `${rounded(ms / 1000, 1)} s`
    : ms < 600_000
      ? `${Math.round(ms / 1000)} s`
      : `${Math.round(ms / 60_000)} min`;
}
