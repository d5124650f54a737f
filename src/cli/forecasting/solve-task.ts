import { mase, naive2, smape } from '../../prediction/accuracy/m4.ts';
import { levelOf, quantilesOf } from '../../prediction/confidence/bands.ts';
import type { History } from '../../prediction/forecast.ts';
import { at } from '../../prediction/math/at.ts';
import { mean } from '../../prediction/math/statistics.ts';
import { backtest, lastFifth, relativeError } from '../../prediction/selection/backtest.ts';
import type { SelectionOptions } from '../../prediction/selection/options.ts';
import { until } from '../../prediction/selection/roll.ts';
import { pastOfBacktest, selectBestModel } from '../../prediction/selection/select-best-model.ts';
import { monthsAfter } from '../../prediction/series/calendar.ts';
import type { Contenders } from './candidates.ts';
import { withColumns } from './columns.ts';
import type { Answer, BacktestAnswer, M4Answer, M4Row, SeriesForecast, Task } from './tasks.ts';

/** One series: forecast, or tested. */
export async function solve(task: Task, contenders: Contenders): Promise<Answer> {
  switch (task.kind) {
    case 'forecast':
      return forecast(task, contenders);
    case 'backtest':
      return rolling(task, contenders);
    case 'm4':
      return competition(task, contenders);
  }
}

async function forecast(task: Task, contenders: Contenders): Promise<SeriesForecast> {
  const { name, columns, months } = task.series;
  const history = withColumns(task.series.history, columns);
  const { endMs, stepMs } = history;
  const shares = task.quantiles;
  const levels = [...new Set(shares.filter((share) => share !== 0.5).map(levelOf))];
  const selected = await selectBestModel(history, { ...(await adapted(history, task, contenders)), levels });
  const { model, mean: middle, lower, upper, inputs = [], further = [] } = await selected.next(history);
  const quantiles = quantilesOf(middle, further, shares);
  return {
    kind: 'forecast',
    series: name,
    model,
    inputs: inputs.map((i) => columns?.[i]?.name ?? ''),
    timesMs: Array.from(middle, (_, k) =>
      months === undefined ? endMs + (k + 1) * stepMs : monthsAfter(endMs, k + 1, months),
    ),
    stepMs,
    mean: [...middle],
    lower: [...lower],
    upper: [...upper],
    quantiles: shares.map((share, i) => ({ share, values: quantiles[i] ?? [] })),
  };
}

async function rolling(task: Task, contenders: Contenders): Promise<BacktestAnswer> {
  const { observed, name, columns } = task.series;
  const history = withColumns(task.series.history, columns);
  const all = lastFifth(history.values.length, task.horizon);
  const origins = task.origins === null ? all : all.slice(-task.origins);
  const past = until(history, origins[0] ?? history.values.length);
  const options = await adapted(past, task, contenders);
  const result = await backtest(history, { ...options, at: origins, observed });
  return { kind: 'backtest', series: name, ...result };
}

async function competition(task: Task, contenders: Contenders): Promise<M4Answer> {
  const { history, name } = task.series;
  const past = until(history, history.values.length - task.horizon);
  const truth = history.values.slice(-task.horizon);
  const season = task.season ?? 1;
  const selected = await selectBestModel(past, settings(task, contenders));
  const [forecasts = []] = await selected.field.forecast([past], selected.wanted);
  const given = selected.issue(past, forecasts);
  const naive = new Float64Array(task.horizon).fill(at(past.values, past.values.length - 1));
  const base = meanError(truth, naive);
  const row = (model: string, values: Float64Array, coverage: number | null): M4Row => ({
    model,
    mae: meanError(truth, values),
    relMae: relativeError(meanError(truth, values), base, history.values),
    coverage,
    smape: smape(truth, values),
    mase: mase(past.values, truth, values, season),
  });
  const within = truth.filter((value, k) => value >= at(given.lower, k) && value <= at(given.upper, k));
  const scale = naive2(past.values, task.horizon, season);
  return {
    kind: 'm4',
    series: name,
    model: given.model,
    rows: [
      ...contenders.candidates.map(({ name: own }, i) => row(own, forecasts[i] ?? naive, null)),
      row('selected', given.mean, within.length / truth.length),
    ],
    naive2: { smape: smape(truth, scale), mase: mase(past.values, truth, scale, season) },
  };
}

function settings({ horizon, season, level }: Task, { candidates, onFault }: Contenders): SelectionOptions {
  return { horizon, season, level, candidates, onFault };
}

/** The settings for one series alone: the network learns from what the selection does not judge by. */
async function adapted(history: History, task: Task, contenders: Contenders): Promise<SelectionOptions> {
  const options = settings(task, contenders);
  const candidates = await contenders.adaptedTo(pastOfBacktest(history, options), task);
  return { ...options, candidates };
}

function meanError(truth: Float64Array, values: Float64Array): number {
  return mean(truth.map((value, k) => Math.abs(value - at(values, k))));
}
