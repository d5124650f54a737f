import type { NextItems, Situation } from './next-items.ts';
import type { RequestSequence } from './sequence.ts';

/** Steps that the chain is followed. */
const mostSteps = 400;
/** A branch of less probability is not followed. */
const least = 0.001;
const mostStates = 50_000;
/** Applications with a chain of their own; those learnt longest ago are left to that over all. */
const mostChains = 200;
const begin = '';

interface Chain {
  /** From an item to those that came right after it, with how often; newer ones count more. */
  readonly next: Map<string, Map<string, number>>;
  weight: number;
}

/**
 * A first-order Markov chain over items, of each application and over all: followed from the last item (or from the beginning), it says with which
 * probability each item is visited before the sequence ends. Newer sequences count more by `growth`.
 */
export function markovItems(growth = 1.3): NextItems {
  const chains = new Map<string, Chain>();
  const end = '\0end';
  const chainOf = (application: string): Chain => {
    const there = chains.get(application);
    const chain = there ?? { next: new Map<string, Map<string, number>>(), weight: 1 };
    chains.delete(application);
    chains.set(application, chain);
    const [oldest] = chains.keys();
    if (oldest !== undefined && chains.size > mostChains) chains.delete(oldest);
    return chain;
  };
  return {
    name: 'markov',
    learn({ application, items }: RequestSequence) {
      for (const chain of [chainOf(application), chainOf(begin)]) {
        chain.weight *= growth;
        if (chain.weight > 1e100) rescale(chain);
        if (chain.next.size > mostStates) chain.next.clear();
        let before = begin;
        for (const { path } of [...items, { path: end }]) {
          const row = chain.next.get(before) ?? new Map<string, number>();
          row.set(path, (row.get(path) ?? 0) + chain.weight);
          chain.next.set(before, row);
          before = path;
        }
      }
    },
    expect({ application, asked }: Situation) {
      const last = asked.at(-1) ?? begin;
      const own = chains.get(application);
      const chain = own?.next.has(last) === true ? own : (chains.get(begin) ?? own);
      if (chain === undefined) return new Map();
      const known = new Set(asked);
      const visited = new Map<string, number>();
      let here = new Map([[last, 1]]);
      for (let step = 0; step < mostSteps && here.size > 0; step++) {
        const there = new Map<string, number>();
        for (const [item, mass] of here) {
          const row = chain.next.get(item);
          if (row === undefined) continue;
          let sum = 0;
          for (const weight of row.values()) sum += weight;
          for (const [to, weight] of row) {
            const arriving = (mass * weight) / sum;
            if (to !== end && arriving >= least) there.set(to, (there.get(to) ?? 0) + arriving);
          }
        }
        for (const [item, mass] of there)
          if (!known.has(item))
            visited.set(item, 1 - (1 - (visited.get(item) ?? 0)) * (1 - Math.min(1, mass)));
        here = there;
      }
      return visited;
    },
  };
}

function rescale(chain: Chain): void {
  for (const row of chain.next.values()) for (const [to, weight] of row) row.set(to, weight / chain.weight);
  chain.weight = 1;
}
