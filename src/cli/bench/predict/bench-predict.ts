import { loadavg } from 'node:os';
import { workFolder } from '../../local/work-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { rounded } from '../statistics.ts';
import { type Figure, isMet } from '../tiers/figure.ts';
import { measureTable } from './table.ts';

export const predictMeasurements = ['table'] as const;
export type PredictMeasurement = (typeof predictMeasurements)[number];

export interface BenchPredictOptions {
  readonly only?: readonly PredictMeasurement[];
  readonly keys: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly json?: boolean;
}

/** `bench predict`: what predictions cost, and what they are worth. */
export async function benchPredict(options: BenchPredictOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const document: Record<string, object> = {};
  for (const name of options.only ?? predictMeasurements) {
    await using folder = await workFolder(undefined, 'tanist-bench-');
    out.say(`${out.style.bold(name)}: ${options.keys} keys, each changed once a second, on one node`);
    const { keys, seconds, warmUp } = options;
    const load = [loadavg()[0] ?? 0];
    const figures = await measureTable({ keys, seconds, warmUpSeconds: warmUp }, folder.path, (text) =>
      out.progress.update(`${name}: ${text} …`),
    );
    load.push(loadavg()[0] ?? 0);
    out.progress.clear();
    out.table(['figure', 'value', 'unit', 'promised', ''], figures.map(row));
    document[name] = {
      figures: figures.map((one) => ({ ...one, value: rounded(one.value, 3), met: isMet(one) })),
      loadAverage: load.map((value) => rounded(value)),
    };
  }
  out.document({ tanist: document });
}

function row(one: Figure): readonly (string | number)[] {
  const met = isMet(one);
  return [
    one.name,
    figure(rounded(one.value, 3)),
    one.unit,
    one.bound === null ? '' : `≤ ${figure(one.bound)}`,
    met === null ? '' : met ? 'met' : 'missed',
  ];
}
