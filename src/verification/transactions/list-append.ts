import type { Anomaly } from './anomaly.ts';
import { type Cycle, findCycles } from './cycles.ts';
import { dependencyGraph } from './dependencies.ts';
import { directAnomalies } from './direct-anomalies.ts';
import {
  describeTransaction,
  type ListHistoryEvent,
  nameOf,
  type PlacedTransaction,
  placedTransactions,
} from './transaction.ts';
import { inferVersions } from './versions.ts';

export interface ListAppendOptions {
  /** Strict serializability: real time counts (the default). False: serializability alone. */
  readonly realtime?: boolean;
  readonly shouldStop?: () => boolean;
}

export interface ListAppendResult {
  /** `yes`: nothing that these checks can see contradicts (strict) serializability. */
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly anomalies: readonly Anomaly[];
  readonly transactions: number;
  /** Why it is `unknown`. */
  readonly reason: string | null;
}

/**
 * Are transactions of appends to and reads of lists (strictly) serializable? Elle (Kingsbury & Alvaro, VLDB 2020, §4): the lists show the
 * order of writes, so dependencies are inferred, and each cycle of them is an anomaly. A transaction of unknown fate counts as happened once
 * a read saw anything of it, and as nothing until then.
 */
export function checkListAppend(
  events: readonly ListHistoryEvent[],
  { realtime = true, shouldStop = () => false }: ListAppendOptions = {},
): ListAppendResult {
  const transactions = placedTransactions(events);
  const versions = inferVersions(transactions);
  const [twice] = versions.ambiguous;
  if (twice !== undefined) {
    const reason = `${twice} was appended twice: elements must be unique, or the order of writes can't be seen`;
    return { answer: 'unknown', anomalies: [], transactions: transactions.length, reason };
  }
  const { cycles, complete } = findCycles(dependencyGraph(transactions, versions, realtime), shouldStop);
  const anomalies = [
    ...versions.anomalies,
    ...directAnomalies(transactions, versions),
    ...cycles.map((cycle) => explain(cycle, transactions)),
  ];
  const answer = anomalies.length > 0 ? 'no' : complete ? 'yes' : 'unknown';
  const reason = answer === 'unknown' ? 'the search for cycles was stopped' : null;
  return { answer, anomalies, transactions: transactions.length, reason };
}

function explain({ name, edges }: Cycle, transactions: readonly PlacedTransaction[]): Anomaly {
  const found = edges.flatMap((edge) => transactions[edge.from] ?? []);
  const steps = edges.map((edge) => edge.why());
  const order = [...found, ...found.slice(0, 1)].map(nameOf).join(' < ');
  return {
    check: name,
    detail: `${order}: ${steps.join('; ')}`,
    transactions: found.map((each) => each.id),
    explanation: [...found.map(describeTransaction), ...steps.map((step, i) => `${edges[i]?.kind}: ${step}`)],
  };
}
