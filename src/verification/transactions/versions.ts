import type { Anomaly } from './anomaly.ts';
import {
  describeTransaction,
  type ExternalRead,
  externalReads,
  nameOf,
  type PlacedTransaction,
  showList,
} from './transaction.ts';

/** What is known of one key's versions. */
export interface KeyVersions {
  readonly key: string;
  /** The longest list that was read: the order of its appends. Empty where reads contradict each other, so that nothing is concluded from it. */
  readonly order: readonly string[];
  readonly trusted: boolean;
  /** Elements that certainly were appended and that no read saw: they come after `order`. */
  readonly unseen: readonly string[];
}

export interface Versions {
  readonly keys: ReadonlyMap<string, KeyVersions>;
  readonly reads: readonly ExternalRead[];
  /** Who appended the element. */
  writer(key: string, element: string): PlacedTransaction | undefined;
  readonly anomalies: readonly Anomaly[];
  /** Elements appended twice: nothing can be said of such a key; the history is not one of list-append. */
  readonly ambiguous: readonly string[];
}

/** The order of each key's versions, from the longest list that was read (Elle §4.2.1), and where reads contradict that there is one. */
export function inferVersions(transactions: readonly PlacedTransaction[]): Versions {
  const writers = new Map<string, Map<string, PlacedTransaction>>();
  const ambiguous: string[] = [];
  for (const transaction of transactions) {
    for (const operation of transaction.operations) {
      if (operation.kind !== 'append') continue;
      const ofKey = writers.get(operation.key) ?? new Map<string, PlacedTransaction>();
      writers.set(operation.key, ofKey);
      if (ofKey.has(operation.element)) ambiguous.push(`${operation.element} to ${operation.key}`);
      ofKey.set(operation.element, transaction);
    }
  }
  const writer = (key: string, element: string) => writers.get(key)?.get(element);
  const whole = wholeReads(transactions);
  const anomalies: Anomaly[] = [];
  /** Of keys whose reads agree. */
  const orders = new Map<string, readonly string[]>();
  /** Committed transactions, and those of unknown fate of which a read saw anything. */
  const happened = new Set(transactions.filter((each) => each.fate === 'committed'));
  for (const [key, reads] of whole) {
    const wrong = [...duplicates(key, reads), ...incompatible(key, reads)];
    anomalies.push(...wrong);
    const longest = longestOf(reads)?.read.list ?? [];
    if (wrong.length === 0) orders.set(key, longest);
    for (const element of wrong.length === 0 ? longest : reads.flatMap(({ read }) => read.list)) {
      const by = writer(key, element);
      if (by?.fate === 'unknown') happened.add(by);
    }
  }
  const keys = new Map<string, KeyVersions>();
  for (const key of new Set([...writers.keys(), ...whole.keys()])) {
    const trusted = orders.has(key) || !whole.has(key);
    const order = orders.get(key) ?? [];
    const seen = new Set(order);
    const unseen: string[] = [];
    for (const [element, by] of trusted ? (writers.get(key) ?? []) : [])
      if (!seen.has(element) && happened.has(by)) unseen.push(element);
    keys.set(key, { key, order, trusted, unseen });
  }
  return { keys, reads: transactions.flatMap(externalReads), writer, anomalies, ambiguous };
}

interface WholeRead {
  readonly by: PlacedTransaction;
  readonly read: { readonly key: string; readonly list: readonly string[] };
}

function wholeReads(transactions: readonly PlacedTransaction[]): ReadonlyMap<string, readonly WholeRead[]> {
  const reads = new Map<string, WholeRead[]>();
  for (const by of transactions) {
    if (by.fate !== 'committed') continue;
    for (const operation of by.operations) {
      if (operation.kind !== 'read' || operation.list === null) continue;
      const read = { key: operation.key, list: operation.list };
      const list = reads.get(operation.key);
      if (list === undefined) reads.set(operation.key, [{ by, read }]);
      else list.push({ by, read });
    }
  }
  return reads;
}

function longestOf(reads: readonly WholeRead[]): WholeRead | undefined {
  let longest: WholeRead | undefined;
  for (const each of reads)
    if (longest === undefined || each.read.list.length > longest.read.list.length) longest = each;
  return longest;
}

function duplicates(key: string, reads: readonly WholeRead[]): readonly Anomaly[] {
  for (const { by, read } of reads) {
    if (new Set(read.list).size === read.list.length) continue;
    const twice = read.list.find((element, i) => read.list.indexOf(element) !== i) ?? '';
    return [
      {
        check: 'duplicate-elements',
        detail: `${nameOf(by)} (${by.caller}) read ${key} as ${showList(read.list)}: ${twice} is there twice`,
        transactions: [by.id],
        explanation: [describeTransaction(by)],
      },
    ];
  }
  return [];
}

/** The first read of the key that is no prefix of the longest one. */
function incompatible(key: string, reads: readonly WholeRead[]): readonly Anomaly[] {
  const longest = longestOf(reads);
  if (longest === undefined) return [];
  for (const { by, read } of reads) {
    const differs = read.list.findIndex((element, i) => element !== longest.read.list[i]);
    if (differs < 0) continue;
    return [
      {
        check: 'incompatible-order',
        detail:
          `${nameOf(by)} (${by.caller}) read ${key} as ${showList(read.list)}, ${nameOf(longest.by)} (${longest.by.caller}) as ` +
          `${showList(longest.read.list)}: position ${differs + 1} is ${read.list[differs]} in one and ${longest.read.list[differs]} in the other`,
        transactions: [by.id, longest.by.id],
        explanation: [describeTransaction(by), describeTransaction(longest.by)],
      },
    ];
  }
  return [];
}
