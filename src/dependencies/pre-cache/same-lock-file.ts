import type { NextItems, Situation } from './next-items.ts';
import type { RequestSequence } from './sequence.ts';

const mostKept = 64;
const halfLife = 3;
const sharpness = 6;

interface Past {
  readonly application: string;
  readonly items: ReadonlySet<string>;
}

/**
 * "The same lock file": this sequence goes on as those earlier ones did that had what was asked for so far; the newer and the more alike, the more they count.
 * Before anything was asked for, the application's latest ones.
 */
export function sameLockFile(): NextItems {
  const past: Past[] = [];
  return {
    name: 'same-lock-file',
    learn({ application, items }: RequestSequence) {
      past.push({ application, items: new Set(items.map(({ path }) => path)) });
      if (past.length > mostKept) past.shift();
    },
    expect({ application, asked }: Situation) {
      const scores = new Map<string, number>();
      let total = 0;
      let newer = 0;
      for (let i = past.length - 1; i >= 0; i--) {
        const each = past[i];
        if (each === undefined) continue;
        const isOwn = each.application === application;
        if (!isOwn && asked.length === 0) continue;
        const shared = asked.reduce((count, item) => count + (each.items.has(item) ? 1 : 0), 0);
        const alike = asked.length === 0 ? 1 : (shared / asked.length) ** sharpness;
        const weight = alike * 2 ** (-newer / halfLife) * (isOwn ? 1 : 0.1);
        if (isOwn) newer++;
        if (weight < 1e-6) continue;
        total += weight;
        for (const item of each.items) scores.set(item, (scores.get(item) ?? 0) + weight);
      }
      const known = new Set(asked);
      const found = new Map<string, number>();
      for (const [item, score] of scores) if (!known.has(item)) found.set(item, score / total);
      return found;
    },
  };
}
