import { loadavg } from 'node:os';
import { join } from 'node:path';
import { median, rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { type Output, outputTo } from '../../terminal/output.ts';
import { type FreshnessRow, measureFreshness } from './freshness.ts';
import { measureReads, measureStampede } from './on-cluster.ts';
import { type BenchMirrorsOptions, mirrorParts } from './options.ts';

/** `bench mirrors`: how fresh reads are at equal calls of the origin, reads a second, and what a thousand clients cost the origin. */
export async function benchMirrors(options: BenchMirrorsOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  const parts = options.only ?? mirrorParts;
  const progress = (text: string): void => out.progress.update(`${text} …`);
  const load = [rounded(loadavg()[0] ?? 0)];
  const document: Record<string, unknown> = {};
  const own = async (name: string): Promise<string> => {
    const path = join(folder.path, name);
    await prepareFolder(path);
    return path;
  };
  if (parts.includes('reads')) {
    progress('reads');
    const reads = await measureReads(await own('reads'), options.seconds);
    document.reads = reads;
    out.table(
      ['reads from the in-process mirror', 'a second', 'promised'],
      [
        ['await poll(id)', figure(Math.round(reads.pollsPerSecond)), '≥ 1,500,000'],
        ['peek(id)', figure(Math.round(reads.peeksPerSecond)), ''],
      ],
    );
  }
  if (parts.includes('stampede')) {
    const stampede = await measureStampede(await own('stampede'), options.clients, progress);
    document.stampede = stampede;
    out.table(
      [
        'clients that poll one stale mirror',
        'origin calls',
        'promised',
        'last answer, ms',
        'the origin takes, ms',
      ],
      [[stampede.clients, stampede.originCalls, '1', rounded(stampede.lastAnswerMs, 0), stampede.originMs]],
    );
  }
  if (parts.includes('freshness')) {
    const rows = await measureFreshness(options, progress);
    document.freshness = { rows: rows.map(plain), summary: summary(rows) };
    show(out, rows);
  }
  load.push(rounded(loadavg()[0] ?? 0));
  out.say(out.style.dim(`load average of the machine: ${load.join(' to ')}`));
  out.document({ ...document, loadAverage: load });
}

function show(out: Output, rows: readonly FreshnessRow[]): void {
  out.table(
    [
      'changes of',
      'kind',
      'calls/change',
      'origin says when',
      'stale reads',
      'interval',
      'TTL + SWR',
      'refresh-ahead',
      'of them waited',
      'ratio',
      'age ratio',
    ],
    rows.map((row) => [
      row.history,
      row.source === 'file' ? 'recorded' : row.predictable ? 'predictable' : 'unpredictable',
      row.callsPerChange,
      row.told ? 'yes' : 'no',
      percent(row.mirrors.staleReads),
      percent(row.others.interval.staleReads),
      percent(row.others.staleWhileRevalidate.staleReads),
      percent(row.others.refreshAhead.staleReads),
      percent(row.others.refreshAhead.waitedReads),
      rounded(row.ratio),
      rounded(row.ageRatio),
    ]),
  );
  out.table(
    ['histories', 'calls/change', 'origin says when', 'median ratio', 'worst', 'within the bound', 'bound'],
    summary(rows).map((one) => [
      one.kind,
      one.callsPerChange,
      one.told ? 'yes' : 'no',
      one.medianRatio,
      one.worstRatio,
      `${one.within} of ${one.histories}`,
      one.bound,
    ]),
  );
  out.say(
    out.style.dim(
      'Generated histories are drawn from the seed; recorded ones come from --histories. The ratio is against the best of the three others. Of refresh-ahead some reads wait for the origin, which makes them fresh; no other read here waits.',
    ),
  );
}

interface Summary {
  readonly kind: string;
  readonly callsPerChange: number;
  readonly told: boolean;
  readonly histories: number;
  readonly medianRatio: number;
  readonly worstRatio: number;
  readonly bound: number;
  readonly within: number;
}

function summary(rows: readonly FreshnessRow[]): readonly Summary[] {
  const groups = new Map<string, FreshnessRow[]>();
  for (const row of rows) {
    const kind = row.source === 'file' ? 'recorded' : row.predictable ? 'predictable' : 'unpredictable';
    const name = [kind, row.callsPerChange, row.told].join('|');
    groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  return [...groups].map(([name, members]) => {
    const [kind = '', calls = '', told = ''] = name.split('|');
    const ratios = members.map(({ ratio }) => ratio);
    const bound = kind === 'predictable' ? 0.5 : 1.05;
    return {
      kind,
      callsPerChange: Number(calls),
      told: told === 'true',
      histories: members.length,
      medianRatio: rounded(median(ratios)),
      worstRatio: rounded(Math.max(...ratios)),
      bound,
      within: ratios.filter((ratio) => ratio <= bound).length,
    };
  });
}

function plain(row: FreshnessRow): object {
  return { ...row, ratio: rounded(row.ratio, 3), ageRatio: rounded(row.ageRatio, 3) };
}

function percent(share: number): string {
  return `${rounded(100 * share, 1)} %`;
}
