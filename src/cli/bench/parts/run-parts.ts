import { loadavg } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../foundation/errors.ts';
import { rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { type Figure, isMet } from './figure.ts';
import type { Part } from './part.ts';

export interface PartsToRun<Options, Name extends string> {
  readonly parts: Readonly<Record<Name, Part<Options>>>;
  /** In this order. */
  readonly names: readonly Name[];
  readonly options: Options & { readonly json?: boolean };
  /** For the document, beside what was measured. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** The parts of a benchmark, one after the other. One that fails does not keep the others from being measured; the first failure is thrown at the end. */
export async function runParts<Options, Name extends string>({
  parts,
  names,
  options,
  more = {},
}: PartsToRun<Options, Name>): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  const document: Record<string, object> = {};
  let failure: Error | null = null;
  for (const name of names) {
    const { about, run } = parts[name];
    out.say(`${out.style.bold(name)}: ${about}`);
    const own = join(folder.path, name);
    await prepareFolder(own);
    const circumstances = circumstancesSince(loadavg()[0] ?? 0, performance.now());
    try {
      const figures = await run({
        options,
        folder: own,
        progress: (text) => out.progress.update(`${name}: ${text} …`),
        say: (line) => out.say(out.style.dim(line)),
      });
      out.progress.clear();
      out.table(['figure', 'value', 'unit', 'promised', ''], figures.map(row));
      document[name] = { figures: figures.map(plain), ...circumstances() };
    } catch (error) {
      failure ??= asError(error);
      out.progress.clear();
      out.say(out.style.red(`${name}: ${asError(error).message}`));
      document[name] = { error: asError(error).message, ...circumstances() };
    }
    out.say('');
  }
  out.document({ tanist: document, ...more });
  if (failure !== null) throw failure;
}

/** Of the machine, at the beginning and at the end: others may have worked on it. */
function circumstancesSince(load: number, startedMs: number): () => object {
  return () => ({
    loadAverage: [load, loadavg()[0] ?? 0].map((value) => rounded(value)),
    seconds: rounded((performance.now() - startedMs) / 1000, 1),
  });
}

function row(one: Figure): readonly (string | number)[] {
  const met = isMet(one);
  return [
    one.name,
    figure(rounded(one.value)),
    one.unit,
    promised(one),
    met === null ? '' : met ? 'met' : 'missed',
  ];
}

function promised({ atLeast, atMost }: Figure): string {
  if (atLeast !== undefined) return `≥ ${figure(atLeast)}`;
  return atMost === undefined ? '' : `≤ ${figure(rounded(atMost))}`;
}

function plain(one: Figure): object {
  return { ...one, value: rounded(one.value, 3), met: isMet(one) };
}
