import { loadavg } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../foundation/errors.ts';
import { rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { isMet } from '../tiers/figure.ts';
import { type BenchPredictOptions, partNames } from './options.ts';
import { parts } from './parts.ts';

/** `bench predict`: each part on clusters of its own. One that fails does not keep the others from being measured. */
export async function benchPredict(options: BenchPredictOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  const document: Record<string, object> = {};
  let failure: Error | null = null;
  for (const name of options.only ?? partNames) {
    const { about, run } = parts[name];
    out.say(`${out.style.bold(name)}: ${about}`);
    const own = join(folder.path, name);
    await prepareFolder(own);
    const startedMs = performance.now();
    const load = loadavg()[0] ?? 0;
    const circumstances = (): object => ({
      loadAverage: [load, loadavg()[0] ?? 0].map((value) => rounded(value)),
      seconds: rounded((performance.now() - startedMs) / 1000, 1),
    });
    try {
      const figures = await run({
        options,
        folder: own,
        progress: (text) => out.progress.update(`${name}: ${text} …`),
        say: (line) => out.say(out.style.dim(line)),
      });
      out.progress.clear();
      out.table(
        ['figure', 'value', 'unit', 'bound', ''],
        figures.map((one) => {
          const met = isMet(one);
          const mark = met === null ? '' : met ? 'met' : 'missed';
          return [one.name, figure(one.value), one.unit, one.bound === null ? '' : `≤ ${one.bound}`, mark];
        }),
      );
      document[name] = {
        figures,
        ...circumstances(),
      };
    } catch (error) {
      failure ??= asError(error);
      out.progress.clear();
      out.say(out.style.red(`${name}: ${asError(error).message}`));
      document[name] = { error: asError(error).message, ...circumstances() };
    }
    out.say('');
  }
  out.document({ tanist: document });
  if (failure !== null) throw failure;
}
