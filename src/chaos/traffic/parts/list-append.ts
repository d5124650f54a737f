import { asBuffer } from '../../../foundation/bytes.ts';
import type { Random } from '../../../foundation/random.ts';
import type { ClientCompare, ClientOperation } from '../../../ports/state-client.ts';
import { History } from '../../../verification/history.ts';
import type { ListOperation, ListTransaction } from '../../../verification/transactions/transaction.ts';
import { checkLists } from '../checks/list-append.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { transaction } from '../transaction.ts';

const activeKeys = 5;
const operationsPerTransaction = 4;
/** Then another key takes its place: lists are read whole. */
const transactionsPerKey = 60;

/** What a transaction is guarded by: nobody has changed the key since. */
interface Guard {
  readonly list: readonly string[];
  readonly modRevision: number;
}

/**
 * Transactions of appends and reads over several keys, as etcd's Jepsen test makes them: read what will be appended to, then one txn that is guarded by the
 * modification revisions seen, and reads the other keys itself.
 */
export const listAppend: Part = {
  name: 'list-append',
  share: 0.12,
  nativeOnly: false,
  async start(context) {
    const { random, rate, nowMs, callers } = context;
    const history = new History<ListTransaction, ListTransaction>();
    let begun = 0;
    const pace = startWorkers(callers, rate / 2, nowMs, async (worker) => {
      const generation = Math.floor(begun++ / transactionsPerKey);
      const key = (): string => `${context.prefix}${generation + random.below(activeKeys)}`;
      const number = begun;
      const asked = draw(random, key, (i) => `${number}.${i}`);
      await perform(context, history, `client ${worker}`, context.connections.caller(worker), asked);
    });
    return { stop: () => pace.stop(), check: async (evidence) => [checkLists(history.events, evidence)] };
  },
};

/** Elements are short, since lists are read whole. */
function draw(random: Random, key: () => string, element: (i: number) => string): ListTransaction {
  return Array.from(
    { length: 1 + random.below(operationsPerTransaction) },
    (_, i): ListOperation =>
      random.chance(0.5)
        ? { kind: 'append', key: key(), element: element(i) }
        : { kind: 'read', key: key(), list: null },
  );
}

async function perform(
  { meter, writes }: PartContext,
  history: History<ListTransaction, ListTransaction>,
  caller: string,
  client: Connection,
  asked: ListTransaction,
): Promise<void> {
  const appended = new Set(asked.flatMap((each) => (each.kind === 'append' ? [each.key] : [])));
  const guards = await readGuards(meter, client, [...appended]);
  if (guards === null) return;
  const after = new Map([...guards].map(([key, { list }]) => [key, list]));
  for (const each of asked)
    if (each.kind === 'append') after.set(each.key, [...(after.get(each.key) ?? []), each.element]);
  const compares = [...guards].map(
    ([key, { modRevision }]): ClientCompare => ({ key, is: '=', modRevision }),
  );
  const readOnly = [
    ...new Set(asked.flatMap(({ kind, key }) => (kind === 'read' && !appended.has(key) ? [key] : []))),
  ];
  const ids = [...after].map(([key, list]) => writes.began('list-append', 'put', key, list.join(' ')));
  const operation = history.invoke(caller, asked);
  const operations: ClientOperation[] = [
    ...readOnly.map((key) => ({ get: key })),
    ...[...after].map(([key, list]) => ({ put: key, value: list.join(' ') })),
  ];
  const outcome = await meter.call(
    () => client.txn(transaction(compares, operations)),
    ({ succeeded, revision }) => ({ kind: succeeded && ids.length > 0 ? 'write' : 'read', revision }),
  );
  if (outcome.kind === 'indeterminate') {
    history.indeterminate(operation);
    return;
  }
  if (outcome.kind === 'fail' || !outcome.answer.succeeded) {
    history.fail(operation);
    for (const id of ids) writes.ended(id, { kind: 'absent' });
    return;
  }
  const { answers, revision } = outcome.answer;
  for (const id of ids) writes.ended(id, { kind: 'acknowledged', revision });
  const readLists = new Map(
    readOnly.map((key, i) => {
      const answer = answers[i];
      const [found] = answer?.kind === 'get' ? answer.values : [];
      return [key, found === undefined ? [] : listOf(found.value)];
    }),
  );
  history.ok(operation, answered(asked, guards, readLists));
}

/** The lists as they are now, by one linearizable read; null: it failed, so there is no transaction. */
async function readGuards(
  meter: PartContext['meter'],
  client: Connection,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Guard> | null> {
  if (keys.length === 0) return new Map();
  const outcome = await meter.call(
    () =>
      client.txn(
        transaction(
          [],
          keys.map((key) => ({ get: key })),
        ),
      ),
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (outcome.kind !== 'ok') return null;
  return new Map(
    keys.map((key, i) => {
      const answer = outcome.answer.answers[i];
      const [found] = answer?.kind === 'get' ? answer.values : [];
      const guard: Guard =
        found === undefined
          ? { list: [], modRevision: 0 }
          : { list: listOf(found.value), modRevision: found.modRevision };
      return [key, guard];
    }),
  );
}

/** The operations in their order with what each read saw: its own appends before it, too. */
function answered(
  asked: ListTransaction,
  guards: ReadonlyMap<string, Guard>,
  read: ReadonlyMap<string, readonly string[]>,
): ListTransaction {
  const now = new Map([...[...guards].map(([key, { list }]) => [key, list] as const), ...read]);
  return asked.map((each) => {
    const list = now.get(each.key) ?? [];
    if (each.kind === 'read') return { ...each, list };
    now.set(each.key, [...list, each.element]);
    return each;
  });
}

function listOf(value: Uint8Array): readonly string[] {
  return asBuffer(value).toString().split(' ');
}
