import type { M4Answer } from './tasks.ts';

export interface Summary {
  readonly series: number;
  /** Of them those on which the last value never erred: no error is relative to that. */
  readonly without: number;
  /** Geometric mean over the others of the selection's error relative to last value; NaN: there are none. */
  readonly relMae: number;
  readonly worst: { readonly series: string; readonly relMae: number };
  readonly coverage: { readonly mean: number; readonly least: number; readonly level: number };
}

interface Row {
  readonly model: string;
  readonly relMae: number;
  readonly coverage: number | null;
}

export function summaryOf(
  answers: readonly { readonly series: string; readonly rows: readonly Row[] }[],
  level: number,
): Summary {
  const selected = answers.map(({ series, rows }) => ({ series, ...selectedOf(rows) }));
  const judged = selected.filter(({ relMae }) => Number.isFinite(relMae));
  const [worst] = [...judged].sort((a, b) => b.relMae - a.relMae);
  return {
    series: selected.length,
    without: selected.length - judged.length,
    relMae: geometricMean(judged.map(({ relMae }) => relMae)),
    worst: { series: worst?.series ?? '', relMae: worst?.relMae ?? Number.NaN },
    coverage: {
      mean: average(selected.map(({ coverage }) => coverage)),
      least: Math.min(...selected.map(({ coverage }) => coverage)),
      level,
    },
  };
}

/** Per model the geometric mean of its relative error over the series that have one, the best first. */
export function perModel(
  answers: readonly { readonly rows: readonly Row[] }[],
): readonly { readonly model: string; readonly relMae: number; readonly best: number }[] {
  const models = answers[0]?.rows.map(({ model }) => model) ?? [];
  return models
    .map((model, i) => ({
      model,
      relMae: geometricMean(answers.map(({ rows }) => rows[i]?.relMae ?? Number.NaN).filter(Number.isFinite)),
      best: answers.filter(
        ({ rows }) =>
          model !== 'selected' && rows[i]?.relMae === Math.min(...rows.slice(0, -1).map((row) => row.relMae)),
      ).length,
    }))
    .sort((a, b) => a.relMae - b.relMae);
}

/** Overall weighted average of the M4 competition: sMAPE and MASE, each relative to Naive 2, halved. */
export function competitionSummary(
  answers: readonly M4Answer[],
  model: string,
): { readonly model: string; readonly smape: number; readonly mase: number; readonly owa: number } {
  const rows = answers.flatMap(({ rows: all }) => all.filter((row) => row.model === model));
  const smape = average(rows.map((row) => row.smape));
  const mase = average(rows.map((row) => row.mase));
  const naive2 = naive2Of(answers);
  return { model, smape, mase, owa: (smape / naive2.smape + mase / naive2.mase) / 2 };
}

export function naive2Of(answers: readonly M4Answer[]): { readonly smape: number; readonly mase: number } {
  return {
    smape: average(answers.map(({ naive2 }) => naive2.smape)),
    mase: average(answers.map(({ naive2 }) => naive2.mase)),
  };
}

export function selectedOf(rows: readonly Row[]): { readonly relMae: number; readonly coverage: number } {
  const row = rows.find(({ model }) => model === 'selected');
  return { relMae: row?.relMae ?? Number.NaN, coverage: row?.coverage ?? Number.NaN };
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A perfect forecast counts as a thousandth. */
function geometricMean(values: readonly number[]): number {
  return Math.exp(average(values.map((value) => Math.log(Math.max(value, 1e-3)))));
}
