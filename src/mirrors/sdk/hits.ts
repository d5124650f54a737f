import type { HitKind } from './mirror-state.ts';

export type HitCounts = Record<HitKind, number>;

export const hitKinds: readonly HitKind[] = ['fresh', 'predicted', 'origin', 'stale', 'direct'];

const mostResources = 20_000;

/** Reads by how they were answered, per resource. In all they never forget; of resources the first 20,000 are counted. */
export class Hits {
  readonly #resources = new Map<string, HitCounts>();
  readonly #others: HitCounts = noHits();

  of(name: string): HitCounts {
    const known = this.#resources.get(name);
    if (known !== undefined) return known;
    if (this.#resources.size >= mostResources) return this.#others;
    const made = noHits();
    this.#resources.set(name, made);
    return made;
  }

  resources(): ReadonlyMap<string, Readonly<HitCounts>> {
    return this.#resources;
  }

  total(): HitCounts {
    const sum = { ...this.#others };
    for (const counts of this.#resources.values()) for (const kind of hitKinds) sum[kind] += counts[kind];
    return sum;
  }
}

export function noHits(): HitCounts {
  return { fresh: 0, predicted: 0, origin: 0, stale: 0, direct: 0 };
}
