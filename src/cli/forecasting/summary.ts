import type { M4Answer } from './tasks.ts';

export interface Summary {
  readonly series: number;
  /** Geometric mean over series of the selection's error relative to last value. */
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
  const worst = selected.reduce((a, b) => (b.relMae > a.relMae ? b : a), {
    series: '',
    relMae: 0,
    coverage: 1,
  });
  return {
    series: selected.length,
    relMae: geometricMean(selected.map(({ relMae }) => relMae)),
    worst: { series: worst.series, relMae: worst.relMae },
    coverage: {
      mean: average(selected.map(({ coverage }) => coverage)),
      least: Math.min(...selected.map(({ coverage }) => coverage)),
      level,
    },
  };
}

/** Per model the geometric mean over series of its relative error, the best first. */
export function perModel(
  answers: readonly { readonly rows: readonly Row[] }[],
): readonly { readonly model: string; readonly relMae: number; readonly best: number }[] {
  const models = answers[0]?.rows.map(({ model }) => model) ?? [];
  return models
    .map((model, i) => ({
      model,
      relMae: geometricMean(answers.map(({ rows }) => rows[i]?.relMae ?? Number.NaN)),
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

/** A series on which the last value is never wrong and neither is the model counts as 1; a perfect forecast as a thousandth. */
function geometricMean(values: readonly number[]): number {
  return Math.exp(average(values.map((value) => Math.log(Math.max(value, 1e-3)))));
}
