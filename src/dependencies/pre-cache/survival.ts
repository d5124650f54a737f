import type { NextItems } from './next-items.ts';
import { packageOf, type RequestSequence } from './sequence.ts';

const fading = 0.8;
const mostApplications = 2000;
const mostPackages = 100_000;

interface Rate {
  stayed: number;
  of: number;
}

/** How often a package was asked for in the version of the application's last time: some are released so often that the one before is never wanted again. */
export class Survival {
  readonly #latest = new Map<string, ReadonlySet<string>>();
  /** By package, of each application and over all. */
  readonly #rates = new Map<string, Rate>();

  learn({ application, items }: RequestSequence): void {
    const now = new Set(items.map(({ path }) => path));
    for (const path of this.#latest.get(application) ?? [])
      for (const scope of [application, everywhere]) {
        const name = keyOf(scope, path);
        const { stayed, of } = this.#rates.get(name) ?? { stayed: 0, of: 0 };
        this.#rates.delete(name);
        this.#rates.set(name, { stayed: fading * stayed + (now.has(path) ? 1 : 0), of: fading * of + 1 });
      }
    this.#latest.delete(application);
    this.#latest.set(application, now);
    trim(this.#latest, mostApplications);
    trim(this.#rates, mostPackages);
  }

  /** 0 to 1; what nothing is known of stays. */
  of(application: string, path: string): number {
    const all = this.#rates.get(keyOf(everywhere, path)) ?? { stayed: 0, of: 0 };
    const own = this.#rates.get(keyOf(application, path)) ?? { stayed: 0, of: 0 };
    const before = (all.stayed + 1) / (all.of + 1);
    return (own.stayed + before) / (own.of + 1);
  }

  /** The same answers, less sure of what seldom stays. */
  applied(model: NextItems): NextItems {
    return {
      name: model.name,
      learn: (sequence) => model.learn(sequence),
      expect: async (situation) => {
        const found = new Map<string, number>();
        for (const [path, confidence] of await model.expect(situation))
          found.set(path, confidence * this.of(situation.application, path));
        return found;
      },
    };
  }
}

const everywhere = '\0';
const keyOf = (scope: string, path: string): string => `${scope} ${packageOf(path)}`;

function trim(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
