import { join } from 'node:path';
import { median, rounded } from '../../../../foundation/statistics.ts';
import { prepareFolder } from '../../../../storage/level/data-folder.ts';
import { figure } from '../../../terminal/figure.ts';
import { atMost, explains, type Figure } from '../../parts/figure.ts';
import type { PartContext } from '../../parts/part.ts';
import type { BenchPredictOptions } from '../options.ts';
import { type BeforeDeathRun, oneBeforeDeathRun } from './one-run.ts';

const mostGapMs = 20;
const mostMissed = 20;

/** For each signal: runs in which the leader did not make way in time, and what clients saw where it did. */
export async function measureBeforeDeath(
  context: PartContext<BenchPredictOptions>,
): Promise<readonly Figure[]> {
  const { options, folder, progress, say } = context;
  const figures: Figure[] = [];
  for (const signal of options.signals) {
    const runs: BeforeDeathRun[] = [];
    for (let number = 1; runs.length < options.runs && number <= 2 * options.runs; number++) {
      progress(`${signal}, run ${runs.length + 1} of ${options.runs}`);
      const own = join(folder, `${signal}-${number}`);
      await prepareFolder(own);
      const run = await oneBeforeDeathRun(signal, own, options.rate);
      if (run.end !== 'disturbed') runs.push(run);
      say(textOf(number, run));
    }
    const handed = runs.filter(({ end }) => end === 'handed over');
    const missed = (100 * (runs.length - handed.length)) / runs.length;
    const gaps = handed.map(({ gapMs }) => gapMs);
    figures.push(
      atMost(`${signal}: not handed over before the failure`, missed, '%', mostMissed),
      atMost(`${signal}: write gap at the hand-over, median`, rounded(median(gaps)), 'ms', mostGapMs),
      atMost(
        `${signal}: write gap at the hand-over, worst`,
        rounded(handed.length === 0 ? Number.NaN : Math.max(...gaps)),
        'ms',
        mostGapMs,
      ),
      explains(
        `${signal}: longest gap in the second before, median`,
        rounded(median(handed.map((run) => run.usualGapMs))),
        'ms',
      ),
      explains(
        `${signal}: how far the fault had grown, median`,
        rounded(100 * median(handed.map((run) => run.part)), 0),
        '% of the limit',
      ),
      explains(
        `${signal}: judged justified`,
        handed.filter(({ verdict }) => verdict === 'justified').length,
        `of ${handed.length}`,
      ),
    );
  }
  return figures;
}

function textOf(number: number, run: BeforeDeathRun): string {
  const { signal, end, because, part, gapMs, usualGapMs, foretoldInMs, verdict } = run;
  const at = `at ${figure(rounded(100 * part, 0))} % of the limit`;
  const kept = run.withheld === '' ? 'nothing was foretold' : `no hand-over: ${run.withheld}`;
  if (end !== 'handed over') return `run ${number}: ${signal} ${end} ${at}; ${kept}`;
  const reason = because === signal ? '' : ` because of ${because}`;
  const gap = `write gap ${figure(rounded(gapMs))} ms (before: ${figure(rounded(usualGapMs))})`;
  return `run ${number}: ${signal} ${end}${reason} ${at}, foretold in ${figure(foretoldInMs)} ms, ${gap}, ${verdict}`;
}
