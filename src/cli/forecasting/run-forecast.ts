import { figure } from '../terminal/figure.ts';
import { outputTo } from '../terminal/output.ts';
import { readInputs } from './inputs.ts';
import { wrong } from './read-series.ts';
import { recipeFor, refuseUnknown } from './recipe.ts';
import { solveAll } from './solve-all.ts';
import type { SeriesForecast, Task } from './tasks.ts';

export interface ForecastOptions {
  readonly horizon: number;
  readonly season?: number;
  readonly level: number;
  readonly quantiles: readonly number[];
  readonly m4?: boolean;
  /** Further columns of the file are what the series may follow. */
  readonly inputs?: boolean;
  readonly without: readonly string[];
  readonly json?: boolean;
}

export async function runForecast(file: string, options: ForecastOptions): Promise<void> {
  refuseUnknown(options.without);
  const out = outputTo(options.json === true);
  const warn = (line: string): void => {
    process.stderr.write(`tanist: ${line}\n`);
  };
  const inputs = await readInputs(file, options, warn);
  const tasks = inputs.map((series): Task => {
    const { length } = series.history.values;
    if (options.horizon > length)
      throw wrong(
        `${series.name} has ${length} values: too few for ${options.horizon} steps ahead; --horizon at most ${length}`,
      );
    return {
      kind: 'forecast',
      series,
      horizon: options.horizon,
      season: options.season ?? null,
      level: options.level,
      quantiles: options.quantiles,
      origins: null,
      common: options.m4 === true,
    };
  });
  const recipe = await recipeFor(tasks, options.without, warn, (text) => out.progress.update(text));
  const answers = (
    await solveAll(tasks, recipe, (done, name) => out.progress.update(`${done}/${tasks.length} ${name}`))
  ).filter((answer) => answer.kind === 'forecast');
  out.progress.clear();
  const percent = Math.round(options.level * 100);
  for (const answer of answers) {
    const follows = answer.inputs.length === 0 ? '' : ` ← ${answer.inputs.join(', ')}`;
    out.say(out.style.bold(`${answer.series}: ${answer.model}${follows}`));
    const shares = answer.quantiles.map(({ share }) => `${figure(100 * share)} %`);
    out.table(['time (UTC)', 'mean', `${percent} % from`, 'to', ...shares], stepsOf(answer));
  }
  out.document(
    answers.map(({ kind: _kind, timesMs, quantiles, ...answer }) => {
      const times = timesMs.map((time) => new Date(time).toISOString());
      const more = quantiles.length === 0 ? {} : { quantiles };
      return { ...answer, ...more, level: options.level, from: times[0], times };
    }),
  );
}

function stepsOf({
  timesMs,
  mean,
  lower,
  upper,
  quantiles,
}: SeriesForecast): readonly (readonly (string | number)[])[] {
  return mean.map((value, k) => [
    new Date(timesMs[k] ?? 0).toISOString().replace('T', ' ').replace('.000Z', ''),
    value,
    lower[k] ?? Number.NaN,
    upper[k] ?? Number.NaN,
    ...quantiles.map(({ values }) => values[k] ?? Number.NaN),
  ]);
}
