import type { Anomaly } from './anomaly.ts';
import {
  describeTransaction,
  type ExternalRead,
  nameOf,
  type PlacedTransaction,
  showList,
} from './transaction.ts';
import type { Versions } from './versions.ts';

/** Anomalies that one read, or two transactions, show by themselves: internal, G1a, G1b, garbage-read, lost-update. */
export function directAnomalies(
  transactions: readonly PlacedTransaction[],
  versions: Versions,
): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const transaction of transactions) {
    const wrong = internal(transaction);
    if (wrong !== null) anomalies.push(wrong);
  }
  const lastAppends = lastAppendsOf(transactions);
  const reported = new Set<string>();
  const looked = new Map<string, number>();
  for (const read of versions.reads) {
    const found = [...strange(read, versions, looked), ...intermediate(read, versions, lastAppends)];
    for (const { about, anomaly } of found) {
      if (reported.has(about)) continue;
      reported.add(about);
      anomalies.push(anomaly);
    }
  }
  anomalies.push(...lostUpdates(versions.reads));
  return anomalies;
}

/** Each read must continue what the transaction itself has seen and done to the key. */
function internal(transaction: PlacedTransaction): Anomaly | null {
  if (transaction.fate !== 'committed') return null;
  /** `list` is the whole key where `whole`, else only its end. */
  const known = new Map<string, { readonly list: readonly string[]; readonly whole: boolean }>();
  for (const operation of transaction.operations) {
    const { key } = operation;
    const before = known.get(key);
    if (operation.kind === 'append') {
      const list = [...(before?.list ?? []), operation.element];
      known.set(key, { list, whole: before?.whole ?? false });
      continue;
    }
    const { list } = operation;
    if (list === null) continue;
    if (before !== undefined) {
      const at = list.length - before.list.length;
      const right =
        (before.whole ? at === 0 : at >= 0) && before.list.every((each, i) => list[at + i] === each);
      if (!right) {
        const expected = before.whole
          ? showList(before.list)
          : `a list that ends in ${showList(before.list)}`;
        return {
          check: 'internal',
          detail: `${nameOf(transaction)} (${transaction.caller}) read ${key} as ${showList(list)} where its own operations before make it ${expected}`,
          transactions: [transaction.id],
          explanation: [describeTransaction(transaction)],
        };
      }
    }
    known.set(key, { list, whole: true });
  }
  return null;
}

type LastAppends = ReadonlyMap<PlacedTransaction, ReadonlyMap<string, string>>;

function lastAppendsOf(transactions: readonly PlacedTransaction[]): LastAppends {
  const last = new Map<PlacedTransaction, Map<string, string>>();
  for (const transaction of transactions) {
    const ofKeys = new Map<string, string>();
    for (const each of transaction.operations) if (each.kind === 'append') ofKeys.set(each.key, each.element);
    last.set(transaction, ofKeys);
  }
  return last;
}

/** `about`: it is told once, whoever else saw the same. */
interface Finding {
  readonly about: string;
  readonly anomaly: Anomaly;
}

function finding(
  { by, key, list }: ExternalRead,
  check: 'G1a' | 'G1b' | 'garbage-read',
  element: string,
  why: string,
  from?: PlacedTransaction,
): Finding {
  const anomaly: Anomaly = {
    check,
    detail: `${nameOf(by)} (${by.caller}) read ${key} as ${showList(list)}, ${why}`,
    transactions: from === undefined ? [by.id] : [by.id, from.id],
    explanation: [by, ...(from === undefined ? [] : [from])].map(describeTransaction),
  };
  return { about: `${check} ${key} ${element}`, anomaly };
}

/** Elements of an aborted transaction, or of none. Where all reads of a key agree, each position is looked at once (`looked`). */
function strange(read: ExternalRead, versions: Versions, looked: Map<string, number>): readonly Finding[] {
  const { key, list } = read;
  const from = looked.get(key) ?? 0;
  if (versions.keys.get(key)?.trusted) looked.set(key, Math.max(from, list.length));
  const found: Finding[] = [];
  for (const element of list.slice(from)) {
    const writer = versions.writer(key, element);
    if (writer === undefined) {
      found.push(finding(read, 'garbage-read', element, `but nobody appended ${element}`));
    } else if (writer.fate === 'aborted') {
      const why = `but ${nameOf(writer)}, which appended ${element}, was aborted`;
      found.push(finding(read, 'G1a', element, why, writer));
    }
  }
  return found;
}

function intermediate(read: ExternalRead, versions: Versions, lastAppends: LastAppends): readonly Finding[] {
  const end = read.list.at(-1);
  if (end === undefined) return [];
  const writer = versions.writer(read.key, end);
  if (writer === undefined || writer === read.by) return [];
  const last = lastAppends.get(writer)?.get(read.key);
  if (last === end) return [];
  const why = `which ends in ${end}, but ${nameOf(writer)} went on to append ${last}`;
  return [finding(read, 'G1b', end, why, writer)];
}

/** Both read the same version before appending to it: one of them has overwritten what it did not know. */
function lostUpdates(reads: readonly ExternalRead[]): readonly Anomaly[] {
  const readers = new Map<string, { readonly read: ExternalRead; readonly by: Set<PlacedTransaction> }>();
  for (const read of reads) {
    const { by, key, list, clean } = read;
    if (!clean || !by.operations.some((each) => each.kind === 'append' && each.key === key)) continue;
    const version = JSON.stringify([key, list.length, list.at(-1)]);
    const found = readers.get(version);
    if (found === undefined) readers.set(version, { read, by: new Set([by]) });
    else found.by.add(by);
  }
  const anomalies: Anomaly[] = [];
  for (const { read, by } of readers.values()) {
    if (by.size < 2) continue;
    const all = [...by];
    anomalies.push({
      check: 'lost-update',
      detail: `${all.map(nameOf).join(' and ')} read ${read.key} as ${showList(read.list)}, and each appended to it`,
      transactions: all.map((each) => each.id),
      explanation: all.map(describeTransaction),
    });
  }
  return anomalies;
}
