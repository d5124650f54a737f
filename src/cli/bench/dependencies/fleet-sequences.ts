import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Item, RequestSequence } from '../../../dependencies/pre-cache/sequence.ts';
import type { Random } from '../../../foundation/random.ts';

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Application {
  readonly name: string;
  readonly roots: Set<string>;
  /** Bumps of versions, in the order of packages. */
  readonly bumps: Map<string, number>;
}

export interface FleetPlan {
  readonly applications: number;
  readonly builds: number;
  /** That a build comes with changed dependencies. */
  readonly change: number;
}

const dayMs = 86_400_000;

/**
 * Request sequences of a fleet of applications. Which packages there are and what each needs is real: the graph of a lock file. Drawn are the
 * applications (some of its packages each, with all that those need), and how they drift: with some builds a few packages get new versions, now
 * and then one comes or goes. Nightly builds need further packages.
 */
export async function fleetSequences(
  lockFile: string,
  random: Random,
  { applications, builds, change }: FleetPlan,
): Promise<readonly RequestSequence[]> {
  const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const graph = new Map<string, readonly string[]>();
  for (const [path, { dependencies }] of Object.entries(packages)) {
    const name = path.split('node_modules/').at(-1) ?? '';
    if (name !== '') graph.set(name, [...(graph.get(name) ?? []), ...Object.keys(dependencies ?? {})]);
  }
  const own = packages[''];
  const names = [
    ...new Set([...Object.keys({ ...own?.dependencies, ...own?.devDependencies }), ...graph.keys()]),
  ];
  const fleet: Application[] = Array.from({ length: applications }, (_, i) => ({
    name: `app-${i}`,
    roots: new Set(Array.from({ length: 4 + random.below(12) }, () => random.pick(names))),
    bumps: new Map(),
  }));
  const nightly = Array.from({ length: 5 }, () => random.pick(names));
  const latest = new Map<string, number>();
  const sequences: RequestSequence[] = [];
  for (let build = 0; build < builds; build++) {
    const application = random.pick(fleet);
    if (random.chance(change)) drift(application, names, latest, random);
    const startedMs = Date.UTC(2026, 0, 5) + (build * dayMs) / 24 + random.below(3_600_000);
    const isNight = new Date(startedMs).getUTCHours() < 5;
    const needed = closure([...application.roots, ...(isNight ? nightly : [])], graph);
    const order = jittered(needed, random);
    sequences.push({
      application: application.name,
      sandbox: `s${build}`,
      startedMs,
      items: order.map((name) => itemOf(name, application.bumps.get(name) ?? 0)),
      used: null,
      ended: true,
    });
  }
  return sequences;
}

/** What a lock file names, with drawn sizes. */
export async function lockedSizes(
  lockFile: string,
): Promise<readonly { readonly name: string; readonly sizeBytes: number }[]> {
  const { packages } = JSON.parse(await readFile(lockFile, 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1) ?? ''));
  names.delete('');
  return [...names].map((name) => ({ name, sizeBytes: itemOf(name, 0).sizeBytes }));
}

/** A few packages get the version that is the newest by now in the fleet, or a newer one; sometimes a root comes or goes. */
function drift(
  { roots, bumps }: Application,
  names: readonly string[],
  latest: Map<string, number>,
  random: Random,
): void {
  for (let i = 0; i <= random.below(5); i++) {
    const name = random.pick(names);
    const newest = latest.get(name) ?? 0;
    const to = newest > (bumps.get(name) ?? 0) ? newest : newest + 1;
    latest.set(name, to);
    bumps.set(name, to);
  }
  if (random.chance(0.2)) roots.add(random.pick(names));
  if (random.chance(0.1) && roots.size > 3) roots.delete(random.pick([...roots]));
}

function closure(roots: readonly string[], graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found = new Set(roots);
  for (const name of found) for (const next of graph.get(name) ?? []) if (graph.has(next)) found.add(next);
  return [...found].sort();
}

/** As a client asks: in the order of names, many at a time, so neighbours change places. */
export function jittered<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item, i) => ({ item, at: i + 6 * random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** Sizes like those of npm's packages: a median of some 20 kB, a long tail. */
function itemOf(name: string, bump: number): Item {
  const path = `${name}/-/${name.split('/').at(-1)}-1.${bump}.0.tgz`;
  const bytes = createHash('sha256').update(name).digest();
  const u = (bytes.readUInt32LE(0) + 1) / 2 ** 32;
  const v = bytes.readUInt32LE(4) / 2 ** 32;
  const normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
  return { path, key: null, sizeBytes: Math.round(20_000 * Math.exp(1.5 * normal)) };
}
