import { loadavg } from 'node:os';
import { join } from 'node:path';
import { rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { measureFreshness } from './freshness.ts';
import { plain, showFreshness, summary } from './freshness-report.ts';
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
    showFreshness(out, rows);
  }
  load.push(rounded(loadavg()[0] ?? 0));
  out.say(out.style.dim(`load average of the machine: ${load.join(' to ')}`));
  out.document({ ...document, loadAverage: load });
}
