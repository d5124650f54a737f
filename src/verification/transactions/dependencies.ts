import { Graph } from './graph.ts';
import { nameOf, type PlacedTransaction, showList } from './transaction.ts';
import type { KeyVersions, Versions } from './versions.ts';

/** Who must come before whom (Adya 1999, §3.1; Elle §4.3): by the order of versions, by what was read, and by real time if asked. */
export function dependencyGraph(
  transactions: readonly PlacedTransaction[],
  versions: Versions,
  realtime: boolean,
): Graph {
  const graph = new Graph(transactions.length);
  const node = new Map(transactions.map((each, i) => [each, i]));
  const add = (
    from: PlacedTransaction | undefined,
    to: PlacedTransaction | undefined,
    kind: 'ww' | 'wr' | 'rw' | 'rt',
    why: () => string,
  ): void => {
    const [a, b] = [from && node.get(from), to && node.get(to)];
    if (a !== undefined && b !== undefined) graph.add({ from: a, to: b, kind, why });
  };
  const chains = new Map<string, Chain>();
  for (const ofKey of versions.keys.values()) {
    const chain = chainOf(ofKey, versions);
    chains.set(ofKey.key, chain);
    writeEdges(chain, add);
  }
  for (const read of versions.reads) {
    const { by, key, list } = read;
    const end = list.at(-1);
    const writer = end === undefined ? undefined : versions.writer(key, end);
    if (writer?.fate !== 'aborted')
      add(
        writer,
        by,
        'wr',
        () => `${nameOf(by)} read ${key} with ${end} at its end, which ${name(writer)} appended`,
      );
    const chain = chains.get(key);
    if (chain === undefined || !versions.keys.get(key)?.trusted) continue;
    const next = firstFrom(chain.links, list.length);
    for (const link of next === undefined ? chain.after : [next])
      add(
        by,
        link.by,
        'rw',
        () =>
          `${nameOf(by)} read ${key} as ${showList(list)}, without ${link.element}, which ${nameOf(link.by)} appended`,
      );
  }
  if (realtime) realtimeEdges(transactions, add);
  return graph;
}

type Add = (
  from: PlacedTransaction,
  to: PlacedTransaction,
  kind: 'ww' | 'wr' | 'rw' | 'rt',
  why: () => string,
) => void;

interface Link {
  readonly element: string;
  readonly by: PlacedTransaction;
  /** In the longest list that was read. */
  readonly position: number;
}

/** Appends to a key in their order, without those of aborted transactions and of nobody (told elsewhere); `after`: in unknown order after them. */
interface Chain {
  readonly key: string;
  readonly links: readonly Link[];
  readonly after: readonly Link[];
}

function chainOf({ key, order, unseen }: KeyVersions, versions: Versions): Chain {
  const linksOf = (elements: readonly string[]): Link[] =>
    elements.flatMap((element, position) => {
      const by = versions.writer(key, element);
      return by === undefined || by.fate === 'aborted' ? [] : [{ element, by, position }];
    });
  return { key, links: linksOf(order), after: linksOf(unseen) };
}

/** The first append at or after a position of the longest list. */
function firstFrom(links: readonly Link[], position: number): Link | undefined {
  let low = 0;
  let high = links.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((links[middle]?.position ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return links[low];
}

function writeEdges({ key, links, after }: Chain, add: Add): void {
  links.forEach((link, i) => {
    const next = links[i + 1];
    for (const later of next === undefined ? after : [next])
      add(
        link.by,
        later.by,
        'ww',
        () =>
          `${nameOf(link.by)} appended ${link.element} to ${key} before ${nameOf(later.by)} appended ${later.element}`,
      );
  });
}

/**
 * Real time, reduced: an edge to a transaction from each one that had returned before it was called and that no such edge leads on from.
 * Those of unknown fate never returned.
 */
function realtimeEdges(transactions: readonly PlacedTransaction[], add: Add): void {
  const lasting = transactions.filter((each) => each.fate !== 'aborted');
  const events = lasting.flatMap((each) => [
    { at: each.called, of: each, call: true },
    { at: each.returned, of: each, call: false },
  ]);
  events.sort((a, b) => a.at - b.at);
  const frontier = new Set<PlacedTransaction>();
  const before = new Map<PlacedTransaction, readonly PlacedTransaction[]>();
  for (const { at, of, call } of events) {
    if (at === Number.POSITIVE_INFINITY) break;
    if (call) {
      const earlier = [...frontier];
      before.set(of, earlier);
      for (const each of earlier)
        add(each, of, 'rt', () => `${nameOf(each)} had returned before ${nameOf(of)} was called`);
    } else {
      for (const each of before.get(of) ?? []) frontier.delete(each);
      frontier.add(of);
    }
  }
}

function name(transaction: PlacedTransaction | undefined): string {
  return transaction === undefined ? 'nobody' : nameOf(transaction);
}
