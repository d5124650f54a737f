import { loadavg } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../foundation/errors.ts';
import { rounded } from '../../../foundation/statistics.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { prepareFolder } from '../../../storage/level/data-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import { fleetPart } from './fleet-part.ts';
import { holderPart } from './holder-part.ts';
import { npmPart } from './npm-part.ts';
import {
  type BenchDependenciesOptions,
  type DependencyFigure,
  type DependencyPart,
  dependencyParts,
  type Part,
} from './options.ts';
import { preCachePart } from './pre-cache-part.ts';
import { registryPart } from './registry-part.ts';

const parts: Readonly<Record<DependencyPart, { readonly about: string; readonly run: Part }>> = {
  registry: { about: 'registrations and lookups a second', run: registryPart },
  fleet: { about: 'many sandboxes ask for the same at once', run: fleetPart },
  holder: { about: 'a holder is lost while it gives', run: holderPart },
  'pre-cache': { about: 'what is there before it is asked for', run: preCachePart },
  npm: { about: 'real npm with empty caches, directly and through agents', run: npmPart },
};

/** `bench dependencies`: each part on a cluster of its own, one after the other, beside what is promised of it. */
export async function benchDependencies(options: BenchDependenciesOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  const document: Record<string, object> = {};
  let failure: Error | null = null;
  for (const name of options.only ?? dependencyParts) {
    const { about, run } = parts[name];
    out.say(`${out.style.bold(name)}: ${about}`);
    const own = join(folder.path, name);
    await prepareFolder(own);
    const before = loadavg()[0] ?? 0;
    const startMs = performance.now();
    const circumstances = (): object => ({
      loadAverage: [rounded(before), rounded(loadavg()[0] ?? 0)],
      seconds: rounded((performance.now() - startMs) / 1000, 1),
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
        ['figure', 'value', 'unit', 'promised', ''],
        figures.map((each) => [
          each.name,
          figure(rounded(each.value)),
          each.unit,
          promised(each),
          verdict(each),
        ]),
      );
      document[name] = {
        figures: figures.map((each) => ({ ...each, value: rounded(each.value), met: isMet(each) })),
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
  out.document({ dependencies: document });
  if (failure !== null) throw failure;
}

function isMet({ value, atLeast, atMost }: DependencyFigure): boolean | null {
  if (atLeast === undefined && atMost === undefined) return null;
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
}

function promised({ atLeast, atMost }: DependencyFigure): string {
  if (atLeast !== undefined) return `≥ ${figure(atLeast)}`;
  return atMost === undefined ? '' : `≤ ${figure(rounded(atMost))}`;
}

function verdict(each: DependencyFigure): string {
  const met = isMet(each);
  return met === null ? '' : met ? 'met' : 'missed';
}
