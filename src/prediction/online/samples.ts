/**
 * Which predictions replicas compare: drawn from the name of the series and the revision that the prediction was made from, so that all draw the same
 * ones without a word, as far as they made them. Of each second of cluster time the few with the smallest hash, of the last seconds.
 */
export const sampleLength = 4;
const perSecond = 4;
const seconds = 3;

interface Sample {
  readonly hash: number;
  readonly revision: number;
  readonly mean: number;
  readonly scale: number;
}

export class Samples {
  readonly #windows = new Map<number, Sample[]>();

  made(nameHash: number, revision: number, timeMs: number, mean: number, scale: number): void {
    const window = Math.floor(timeMs / 1000);
    let samples = this.#windows.get(window);
    if (samples === undefined) {
      samples = [];
      this.#windows.set(window, samples);
      for (const old of [...this.#windows.keys()].sort((a, b) => a - b).slice(0, -seconds))
        this.#windows.delete(old);
    }
    const hash = mixed(nameHash, revision);
    const last = samples[perSecond - 1];
    if (last !== undefined && last.hash <= hash) return;
    samples.push({ hash, revision, mean, scale });
    samples.sort((a, b) => a.hash - b.hash);
    samples.length = Math.min(samples.length, perSecond);
  }

  /** Flat rows, newest second last. */
  rows(): readonly number[] {
    return [...this.#windows]
      .sort(([a], [b]) => a - b)
      .flatMap(([, samples]) =>
        samples.flatMap(({ hash, revision, mean, scale }) => [hash, revision, mean, scale]),
      );
  }
}

/** FNV-1a over the characters. */
export function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function mixed(hash: number, revision: number): number {
  let x = hash ^ Math.imul(revision | 0, 0x9e3779b1) ^ Math.floor(revision / 2 ** 32);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
