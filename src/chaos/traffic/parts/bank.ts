import { asBuffer } from '../../../foundation/bytes.ts';
import { eventually } from '../../../local/eventually.ts';
import type { ClientKeyValue } from '../../../ports/state-client.ts';
import { History } from '../../../verification/history.ts';
import type { BankInput, BankOutput } from '../../../verification/transactions/bank.ts';
import { balanceIn, checkBanks } from '../checks/bank.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { transaction } from '../transaction.ts';

const accounts = 8;
const opening = 100;
const largestTransfer = 20;
const readShare = 0.4;

/** Transfers between accounts by transactions that are guarded by what was read; the sum of all, read at one revision, never changes. */
export const bank: Part = {
  name: 'bank',
  share: 0.12,
  nativeOnly: false,
  async start(context) {
    const { prefix, random, callers, rate, nowMs, connections } = context;
    const keys = Array.from({ length: accounts }, (_, i) => `${prefix}${i}`);
    const opened = await open(context, keys);
    const history = new History<BankInput, BankOutput>();
    const pace = startWorkers(callers, rate / 2, nowMs, async (worker) => {
      const client = connections.caller(worker);
      const caller = `client ${worker}`;
      if (random.chance(readShare)) {
        await read(context, history, client, caller, keys);
      } else await transfer(context, history, client, caller, keys);
    });
    return {
      stop: () => pace.stop(),
      check: async (evidence) => [
        checkBanks(history.events, { accounts: keys, total: accounts * opening, opened }, evidence),
      ],
    };
  },
};

type BankHistory = History<BankInput, BankOutput>;

/** A balance, and what makes the value unlike every other. */
function balanceValue(balance: number, unique: string): string {
  return `${balance} ${unique}`;
}

function balanceOf({ value }: ClientKeyValue): number {
  return balanceIn(asBuffer(value).toString());
}

/** All accounts in one transaction, once. The revision. */
async function open(
  { writes, connections, nextValue }: PartContext,
  keys: readonly string[],
): Promise<number> {
  const client = await connections.named('checks');
  const absent = keys.map((key) => ({ key, is: '=', createRevision: 0 }) as const);
  const attempt = async (): Promise<number> => {
    const puts = keys.map((put) => ({ put, value: balanceValue(opening, nextValue()) }));
    const ids = puts.map(({ put, value }) => writes.began('bank', 'put', put, value));
    const { succeeded, revision } = await client.txn(transaction(absent, puts));
    for (const id of ids)
      writes.ended(id, succeeded ? { kind: 'acknowledged', revision } : { kind: 'absent' });
    return revision;
  };
  return await eventually(attempt, 'the accounts could not be opened');
}

/** One snapshot of all accounts: a range, or a transaction of gets. */
async function read(
  { meter, prefix, reads, random }: PartContext,
  history: BankHistory,
  client: Connection,
  caller: string,
  keys: readonly string[],
): Promise<void> {
  const operation = history.invoke(caller, { kind: 'read' });
  const byRange = random.chance(0.5);
  const outcome = await meter.call(
    async () => {
      if (byRange) return await client.get(prefix, { prefix: true });
      const gets = keys.map((get) => ({ get }));
      const { revision, answers } = await client.txn(transaction([], gets));
      return { revision, values: answers.flatMap((answer) => (answer.kind === 'get' ? answer.values : [])) };
    },
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (outcome.kind !== 'ok') {
    // It changes nothing, whatever became of it.
    history.fail(operation);
    return;
  }
  const { answer } = outcome;
  reads.saw(
    'linearizable',
    byRange ? 'the leader, by range' : 'the leader, by transaction',
    prefix,
    true,
    answer,
  );
  const balances = new Map<string, number | null>(
    answer.values.map((each) => [asBuffer(each.key).toString(), balanceOf(each)]),
  );
  history.ok(operation, { kind: 'balances', balances });
}

async function transfer(
  { meter, writes, random, nextValue }: PartContext,
  history: BankHistory,
  client: Connection,
  caller: string,
  keys: readonly string[],
): Promise<void> {
  const from = random.below(keys.length);
  const to = (from + 1 + random.below(keys.length - 1)) % keys.length;
  const [source, sink] = [keys[from] ?? '', keys[to] ?? ''];
  const seen = await meter.call(
    () => client.txn(transaction([], [{ get: source }, { get: sink }])),
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (seen.kind !== 'ok') return;
  const [a, b] = seen.answer.answers.flatMap((answer) => (answer.kind === 'get' ? answer.values : []));
  if (a === undefined || b === undefined) return;
  const amount = Math.min(balanceOf(a), 1 + random.below(largestTransfer));
  if (amount === 0) return;
  const puts = [
    { put: source, value: balanceValue(balanceOf(a) - amount, nextValue()) },
    { put: sink, value: balanceValue(balanceOf(b) + amount, nextValue()) },
  ];
  const ids = puts.map(({ put, value }) => writes.began('bank', 'put', put, value));
  const guards = [
    { key: source, is: '=', modRevision: a.modRevision },
    { key: sink, is: '=', modRevision: b.modRevision },
  ] as const;
  const operation = history.invoke(caller, { kind: 'transfer', from: source, to: sink, amount });
  const outcome = await meter.call(
    () => client.txn(transaction(guards, puts)),
    ({ succeeded, revision }) => ({ kind: succeeded ? 'write' : 'read', revision }),
  );
  if (outcome.kind === 'indeterminate') {
    history.indeterminate(operation);
    return;
  }
  const revision = outcome.kind === 'ok' && outcome.answer.succeeded ? outcome.answer.revision : null;
  if (revision === null) history.fail(operation);
  else history.ok(operation, { kind: 'transferred' });
  for (const id of ids)
    writes.ended(id, revision === null ? { kind: 'absent' } : { kind: 'acknowledged', revision });
}
