import { asBuffer } from '../../../foundation/bytes.ts';
import { eventually } from '../../../local/eventually.ts';
import type { ClientKeyValue } from '../../../ports/state-client.ts';
import { type BankSnapshot, checkBankSnapshots } from '../checks/bank.ts';
import type { Connection } from '../connections.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { transaction } from '../transaction.ts';

const accounts = 8;
const opening = 100;
const largestTransfer = 20;

/** Transfers between accounts by transactions that are guarded by what was read; the sum of all, read at one revision, never changes. */
export const bank: Part = {
  name: 'bank',
  share: 0.12,
  nativeOnly: false,
  async start(context) {
    const { prefix, random, callers, rate, nowMs, connections } = context;
    const keys = Array.from({ length: accounts }, (_, i) => `${prefix}${i}`);
    const opened = await open(context, keys);
    const snapshots: BankSnapshot[] = [];
    let transfers = 0;
    const pace = startWorkers(callers, rate / 2, nowMs, async (worker) => {
      const client = connections.caller(worker);
      if (random.chance(0.4)) {
        const snapshot = await read(context, client, random.chance(0.5) ? 'range' : 'transaction', keys);
        if (snapshot !== null) snapshots.push(snapshot);
      } else if (await transfer(context, client, keys)) transfers++;
    });
    return {
      stop: () => pace.stop(),
      check: async ({ truth, truthLacks }) => [
        checkBankSnapshots({
          snapshots,
          accounts: keys,
          total: accounts * opening,
          transfers,
          truth,
          opened,
          truthLacks,
        }),
      ],
    };
  },
};

/** A balance, and what makes the value unlike every other. */
function balanceValue(balance: number, unique: string): string {
  return `${balance} ${unique}`;
}

function balanceOf({ value }: ClientKeyValue): number {
  return Number(asBuffer(value).toString().split(' ')[0]);
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

async function read(
  { meter, prefix, reads }: PartContext,
  client: Connection,
  how: 'range' | 'transaction',
  keys: readonly string[],
): Promise<BankSnapshot | null> {
  const outcome = await meter.call(
    async () => {
      if (how === 'range') return await client.get(prefix, { prefix: true });
      const { revision, answers } = await client.txn(
        transaction(
          [],
          keys.map((get) => ({ get })),
        ),
      );
      return { revision, values: answers.flatMap((answer) => (answer.kind === 'get' ? answer.values : [])) };
    },
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (outcome.kind !== 'ok') return null;
  const { values, revision } = outcome.answer;
  reads.saw('linearizable', `by ${how}`, prefix, true, { revision, values });
  return {
    revision,
    how,
    balances: values.map((each) => ({ account: asBuffer(each.key).toString(), balance: balanceOf(each) })),
  };
}

async function transfer(
  { meter, writes, random, nextValue }: PartContext,
  client: Connection,
  keys: readonly string[],
): Promise<boolean> {
  const from = random.below(keys.length);
  const to = (from + 1 + random.below(keys.length - 1)) % keys.length;
  const [source, sink] = [keys[from] ?? '', keys[to] ?? ''];
  const seen = await meter.call(
    () => client.txn(transaction([], [{ get: source }, { get: sink }])),
    ({ revision }) => ({ kind: 'read', revision }),
  );
  if (seen.kind !== 'ok') return false;
  const [a, b] = seen.answer.answers.flatMap((answer) => (answer.kind === 'get' ? answer.values : []));
  if (a === undefined || b === undefined) return false;
  const amount = Math.min(balanceOf(a), 1 + random.below(largestTransfer));
  if (amount === 0) return false;
  const puts = [
    { put: source, value: balanceValue(balanceOf(a) - amount, nextValue()) },
    { put: sink, value: balanceValue(balanceOf(b) + amount, nextValue()) },
  ];
  const ids = puts.map(({ put, value }) => writes.began('bank', 'put', put, value));
  const guards = [
    { key: source, is: '=', modRevision: a.modRevision },
    { key: sink, is: '=', modRevision: b.modRevision },
  ] as const;
  const outcome = await meter.call(
    () => client.txn(transaction(guards, puts)),
    ({ succeeded, revision }) => ({ kind: succeeded ? 'write' : 'read', revision }),
  );
  if (outcome.kind === 'indeterminate') return false;
  const done = outcome.kind === 'ok' && outcome.answer.succeeded;
  for (const id of ids)
    writes.ended(
      id,
      outcome.kind === 'ok' && done
        ? { kind: 'acknowledged', revision: outcome.answer.revision }
        : { kind: 'absent' },
    );
  return done;
}
