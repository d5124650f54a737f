import type { Part } from '../parts/part.ts';
import { runParts } from '../parts/run-parts.ts';
import { fleetPart } from './fleet-part.ts';
import { holderPart } from './holder-part.ts';
import { npmPart } from './npm-part.ts';
import { type BenchDependenciesOptions, type DependencyPart, dependencyParts } from './options.ts';
import { preCachePart } from './pre-cache-part.ts';
import { registryPart } from './registry-part.ts';

const parts: Readonly<Record<DependencyPart, Part<BenchDependenciesOptions>>> = {
  registry: { about: 'registrations and lookups a second', run: registryPart },
  fleet: { about: 'many sandboxes ask for the same at once', run: fleetPart },
  holder: { about: 'a holder is lost while it gives', run: holderPart },
  'pre-cache': { about: 'what is there before it is asked for', run: preCachePart },
  npm: { about: 'real npm with empty caches, directly and through agents', run: npmPart },
};

/** `bench dependencies`: each part on a cluster of its own, one after the other, beside what is promised of it. */
export async function benchDependencies(options: BenchDependenciesOptions): Promise<void> {
  await runParts({ parts, names: options.only ?? dependencyParts, options });
}
