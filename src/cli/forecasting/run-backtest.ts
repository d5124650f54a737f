import { lastFifth } from '../../prediction/selection/backtest.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { readInputs } from './inputs.ts';
import { type NamedSeries, wrong } from './read-series.ts';
import { recipeFor, refuseUnknown } from './recipe.ts';
import { solveAll } from './solve-all.ts';
import { competitionSummary, naive2Of, perModel, selectedOf, summaryOf } from './summary.ts';
import type { Answer, BacktestAnswer, M4Answer, Task } from './tasks.ts';

export interface BacktestOptions {
  readonly horizon: number;
  readonly season?: number;
  readonly origins?: number;
  readonly level: number;
  readonly m4?: boolean;
  /** Further columns of the file are what the series may follow. */
  readonly inputs?: boolean;
  readonly without: readonly string[];
  readonly json?: boolean;
}

export async function runBacktest(path: string, options: BacktestOptions): Promise<void> {
  refuseUnknown(options.without);
  const out = outputTo(options.json === true);
  const warn = (line: string): void => {
    process.stderr.write(`tanist: ${line}\n`);
  };
  const m4 = options.m4 === true;
  const inputs = await readInputs(path, options, warn);
  const fit = inputs.filter((series) => longEnough(series, options, inputs.length === 1, warn));
  if (fit.length === 0) throw wrong(`no series in ${path} is long enough for --horizon ${options.horizon}`);
  const tasks = fit.map(
    (series): Task => ({
      kind: m4 ? 'm4' : 'backtest',
      series,
      horizon: options.horizon,
      season: options.season ?? null,
      level: options.level,
      quantiles: [],
      origins: options.origins ?? null,
      common: m4,
    }),
  );
  const started = performance.now();
  const recipe = await recipeFor(tasks, options.without, warn, (text) => out.progress.update(text));
  const answers = await solveAll(tasks, recipe, (done, name) =>
    out.progress.update(`${done}/${tasks.length} ${name}`),
  );
  out.progress.clear();
  const seconds = (performance.now() - started) / 1000;
  if (m4) reportCompetition(answers.filter(isM4), options, seconds, out);
  else reportRolling(answers.filter(isRolling), options, seconds, out);
}

const isM4 = (answer: Answer): answer is M4Answer => answer.kind === 'm4';
const isRolling = (answer: Answer): answer is BacktestAnswer => answer.kind === 'backtest';

/** One series alone that is too short is an error; among others it is left out and named. */
function longEnough(
  { name, history }: NamedSeries,
  { horizon, m4 }: BacktestOptions,
  alone: boolean,
  warn: (line: string) => void,
): boolean {
  const { length } = history.values;
  const enough = m4 === true ? length > horizon + 8 : lastFifth(length, horizon).length > 0 && length >= 20;
  if (enough) return true;
  const message =
    m4 === true
      ? `${name} has ${length} values: too few for a test of the last ${horizon}`
      : `${name} has ${length} values: its last fifth is too short for --horizon ${horizon}`;
  if (alone) throw wrong(message);
  warn(`left out: ${message}`);
  return false;
}

function reportRolling(
  answers: readonly BacktestAnswer[],
  { level }: BacktestOptions,
  seconds: number,
  out: Output,
): void {
  const summary = summaryOf(answers, level);
  out.table(
    ['series', 'origins', 'best single model', 'its error', 'selected', 'within interval'],
    answers.map(({ series, origins, rows }) => {
      const best = rows.slice(0, -1).reduce((a, b) => (b.relMae < a.relMae ? b : a));
      const { relMae, coverage } = selectedOf(rows);
      return [
        series,
        origins,
        Number.isNaN(relMae) ? '–' : best.model,
        best.relMae,
        relMae,
        `${(coverage * 100).toFixed(1)} %`,
      ];
    }),
  );
  out.say('');
  out.table(
    ['model', 'error relative to last value', 'best on'],
    perModel(answers).map(({ model, relMae, best }) => [model, relMae, best]),
  );
  out.say('');
  const { without } = summary;
  const over = `geometric mean over ${summary.series - without} series${without === 0 ? '' : `; on ${without} more the last value never erred`}`;
  const error = Number.isNaN(summary.relMae)
    ? 'the last value never erred'
    : `${summary.relMae.toFixed(3)} of the last value's error (${over}), at worst ${summary.worst.relMae.toFixed(3)} (${summary.worst.series})`;
  out.say(
    `Selected: ${error}; ${(summary.coverage.mean * 100).toFixed(1)} % of truths within their ${Math.round(level * 100)} % intervals, at least ${(summary.coverage.least * 100).toFixed(1)} %; ${seconds.toFixed(0)} s.`,
  );
  out.document({
    series: answers.flatMap(({ series, rows }) => rows.map((row) => ({ series, ...row }))),
    summary,
  });
}

function reportCompetition(
  answers: readonly M4Answer[],
  { level }: BacktestOptions,
  seconds: number,
  out: Output,
): void {
  const models = answers[0]?.rows.map(({ model }) => model) ?? [];
  const all = models.map((model) => competitionSummary(answers, model)).sort((a, b) => a.owa - b.owa);
  const selected = competitionSummary(answers, 'selected');
  const naive2 = naive2Of(answers);
  out.table(
    ['model', 'sMAPE', 'MASE', 'OWA'],
    all.map(({ model, smape, mase, owa }) => [model, smape, mase, owa.toFixed(3)]),
  );
  const { coverage } = summaryOf(answers, level);
  out.say('');
  out.say(
    `Selected: OWA ${selected.owa.toFixed(3)} over ${answers.length} series (Naive 2: sMAPE ${naive2.smape.toFixed(2)}, MASE ${naive2.mase.toFixed(3)}); ${(coverage.mean * 100).toFixed(1)} % of truths within their ${Math.round(level * 100)} % intervals; ${seconds.toFixed(0)} s.`,
  );
  out.document({
    series: answers.flatMap(({ series, rows }) => rows.map((row) => ({ series, ...row }))),
    summary: { ...summaryOf(answers, level), ...selected, naive2, models: all },
  });
}
