import type { StateClient } from '../../ports/state-client.ts';
import { type HitCounts, hitKinds, noHits } from '../sdk/hits.ts';
import { refresherPrefix, reportPrefix } from '../state/keys.ts';
import type { LiveEntry } from '../state/live-entry.ts';
import { type CheckCounts, decodeRecord, noCounts } from '../state/records.ts';
import type { ReportRecord } from './report-record.ts';

/** How one mirror does. Times in ms. */
export interface ResourceHealth {
  readonly id: string;
  readonly state: 'fresh' | 'stale' | 'wanted' | 'gone' | 'failing' | 'unread';
  readonly ageMs: number | null;
  /** Until a change is likelier than not, within the horizon; negative: it is due. Null: not soon, or nothing is known. */
  readonly changeExpectedMs: number | null;
  readonly lastReason: string | null;
  readonly refreshedBy: string | null;
  readonly refreshLatencyMs: number | null;
  readonly failure: { readonly code: string; readonly message: string; readonly inARow: number } | null;
  readonly counts: CheckCounts;
  /** Of looks because a change was predicted, those that found one; null: there was none yet. */
  readonly precision: number | null;
  /** Of changes, those that a predicted look found; null: none yet. */
  readonly recall: number | null;
  /** Of all processes that report. */
  readonly hits: HitCounts;
  readonly readsPerSecond: number;
}

export interface MirrorsHealth {
  readonly resources: readonly ResourceHealth[];
  readonly hits: HitCounts;
  /** Of resources that are there, 0 to 1; null: there are none. */
  readonly freshShare: number | null;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly refreshers: readonly string[];
  readonly processes: number;
}

export interface HealthOptions {
  /** Default `linearizable`; `serializable` answers also while nobody leads, of what one replica knows. */
  readonly consistency?: 'linearizable' | 'serializable';
}

/** From the mirror in this process and what all processes report. Fails like `StateClient.get`. */
export async function healthOf(
  client: StateClient,
  entries: Iterable<LiveEntry>,
  nowMs: number,
  options: HealthOptions,
): Promise<MirrorsHealth> {
  const all = { ...options, prefix: true, limit: 10_000 };
  const [reports, refreshers] = await Promise.all([
    client.get(reportPrefix, all),
    client.get(refresherPrefix, { ...all, keysOnly: true }),
  ]);
  const hits = noHits();
  let processes = 0;
  const perResource = new Map<string, { hits: HitCounts; perSecond: number }>();
  for (const { value } of reports.values) {
    const report = decodeRecord<ReportRecord>(value);
    if (report === null) continue;
    if (report.total !== null) {
      add(hits, report.total);
      processes++;
    }
    for (const [name, each] of Object.entries(report.resources)) {
      const sum = perResource.get(name) ?? { hits: noHits(), perSecond: 0 };
      add(sum.hits, each.hits);
      sum.perSecond += each.perSecond;
      perResource.set(name, sum);
    }
  }
  const resources = [...entries]
    .map((entry) => resourceHealth(entry, nowMs, perResource.get(entry.name)))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const there = resources.filter(({ state }) => state !== 'gone' && state !== 'unread');
  const sum = (name: keyof CheckCounts): number =>
    resources.reduce((total, { counts }) => total + counts[name], 0);
  return {
    resources,
    hits,
    freshShare:
      there.length === 0 ? null : there.filter(({ state }) => state === 'fresh').length / there.length,
    precision: share(sum('predictedRight'), sum('predicted')),
    recall: share(sum('predictedRight'), sum('predictedRight') + sum('surprises')),
    refreshers: refreshers.values.map(({ key }) =>
      Buffer.from(key).toString('utf8').slice(refresherPrefix.length),
    ),
    processes,
  };
}

export function resourceHealth(
  entry: LiveEntry,
  nowMs: number,
  read: { readonly hits: HitCounts; readonly perSecond: number } | undefined,
): ResourceHealth {
  const { check } = entry;
  const counts = check?.counts ?? noCounts;
  return {
    id: entry.name,
    state: stateOf(entry, nowMs),
    ageMs: Number.isFinite(entry.checkedMonoMs) ? Math.max(0, Math.round(nowMs - entry.checkedMonoMs)) : null,
    changeExpectedMs:
      entry.expectedMonoMs - nowMs <= entry.horizonMs ? Math.round(entry.expectedMonoMs - nowMs) : null,
    lastReason: check?.reason ?? null,
    refreshedBy: check?.by ?? null,
    refreshLatencyMs: check === null ? null : Math.round(check.tookMs),
    failure:
      check?.failure == null
        ? null
        : { code: check.failure.code, message: check.failure.message, inARow: check.failure.count },
    counts,
    precision: share(counts.predictedRight, counts.predicted),
    recall: share(counts.predictedRight, counts.predictedRight + counts.surprises),
    hits: read?.hits ?? noHits(),
    readsPerSecond: read?.perSecond ?? 0,
  };
}

function stateOf(entry: LiveEntry, nowMs: number): ResourceHealth['state'] {
  if (entry.check?.failure != null) return 'failing';
  if (entry.check?.gone) return 'gone';
  if (entry.value === null) return 'unread';
  if (entry.wanted !== null && entry.wanted.reason !== 'due') return 'wanted';
  return nowMs < entry.freshUntilMonoMs ? 'fresh' : 'stale';
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function add(sum: HitCounts, more: Readonly<Partial<HitCounts>>): void {
  for (const kind of hitKinds) sum[kind] += more[kind] ?? 0;
}
