import { loadavg } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../foundation/errors.ts';
import { rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { type BenchTiersOptions, type TierMeasurement, tierMeasurements } from '../options.ts';
import { measureBytes } from './bytes.ts';
import { measureCold } from './cold.ts';
import { measureFailover } from './failover.ts';
import { type Figure, isMet } from './figure.ts';
import { measureFlips } from './flip.ts';
import { measureLag } from './lag.ts';
import type { Measurement } from './measurement.ts';
import { measurePromotion } from './promote.ts';
import { measureReplacement } from './replace.ts';

const measures: Readonly<Record<TierMeasurement, { readonly about: string; readonly run: Measurement }>> = {
  bytes: { about: 'what a warm replica receives and holds against a hot one', run: measureBytes },
  cold: { about: 'what a cold replica holds in memory, and what a catch-up transfers', run: measureCold },
  lag: { about: 'how late a warm replica is, and what it costs the leader', run: measureLag },
  promote: { about: 'a warm replica becomes a voter under load', run: measurePromotion },
  replace: { about: 'a killed hot replica is replaced without an operator', run: measureReplacement },
  failover: { about: 'the leader is killed, with other tiers beside it and without', run: measureFailover },
  flip: { about: 'a bit flips in every kind of file of one replica', run: measureFlips },
};

/** `bench tiers`: each measurement on clusters of its own, one after the other. One that fails does not keep the others from being made. */
export async function benchTiers(options: BenchTiersOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  const document: Record<string, object> = {};
  let failure: Error | null = null;
  for (const name of options.only ?? tierMeasurements) {
    const { about, run } = measures[name];
    out.say(`${out.style.bold(name)}: ${about}`);
    const own = join(folder.path, name);
    await prepareFolder(own);
    const load = [loadavg()[0] ?? 0];
    const startedMs = performance.now();
    try {
      const figures = await run({
        options,
        folder: own,
        progress: (text) => out.progress.update(`${name}: ${text} …`),
        say: (line) => out.say(out.style.dim(line)),
      });
      load.push(loadavg()[0] ?? 0);
      out.progress.clear();
      out.table(['figure', 'value', 'unit', 'promised', ''], figures.map(row));
      document[name] = { figures: figures.map(plain), ...circumstances(load, startedMs) };
    } catch (error) {
      failure ??= asError(error);
      out.progress.clear();
      out.say(out.style.red(`${name}: ${asError(error).message}`));
      document[name] = { error: asError(error).message, ...circumstances(load, startedMs) };
    }
    out.say('');
  }
  out.document({ tanist: document, keys: options.keys, valueBytes: options.valueBytes });
  if (failure !== null) throw failure;
}

/** Of the machine, at the beginning and at the end: others may have worked on it. */
function circumstances(load: readonly number[], startedMs: number): object {
  return {
    loadAverage: load.map((value) => rounded(value)),
    seconds: rounded((performance.now() - startedMs) / 1000, 1),
  };
}

function row(one: Figure): readonly (string | number)[] {
  const met = isMet(one);
  return [
    one.name,
    figure(rounded(one.value)),
    one.unit,
    one.bound === null ? '' : `≤ ${figure(one.bound)}`,
    met === null ? '' : met ? 'met' : 'missed',
  ];
}

function plain(one: Figure): object {
  return { ...one, value: rounded(one.value, 3), met: isMet(one) };
}
