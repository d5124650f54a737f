import type { HistoryEvent } from '../history.ts';
import type { MutexInput, MutexOutput } from '../locks/mutex.ts';
import type { RegisterInput, RegisterOutput } from '../register/register.ts';
import type { BankHistoryEvent, BankInput } from '../transactions/bank.ts';
import type { ListHistoryEvent, ListOperation } from '../transactions/transaction.ts';
import { type Data, unreadable } from './reader.ts';
import { type JepsenRecord, pairRecords, plain, showData } from './records.ts';

/** The key of operations that name none. */
const onlyKey = 'register';

/**
 * Registers: `:read`, `:write`, `:cas [old new]`; with jepsen.independent `[key value]` as their values; and `:get`, `:put`, `:append` with
 * the key as `:key`.
 */
export function registerHistory(
  records: readonly JepsenRecord[],
): readonly HistoryEvent<RegisterInput, RegisterOutput>[] {
  return pairRecords(records, { input: registerInput, output: registerOutput });
}

/** Key and value of a tuple, or of a record that names its key. */
function keyed({ key, f, value }: JepsenRecord): { readonly key: string; readonly value: Data } {
  if (key !== null) return { key: showData(key), value };
  const tuple = isList(value) && value.length === 2 && (f !== 'cas' || isList(value[1] ?? null));
  return tuple ? { key: showData(value[0] ?? null), value: value[1] ?? null } : { key: onlyKey, value };
}

function registerInput(record: JepsenRecord): RegisterInput {
  const { key, value } = keyed(record);
  switch (record.f) {
    case 'read':
    case 'get':
      return { kind: 'get', key };
    case 'write':
    case 'put':
      return value === null ? { kind: 'delete', key } : { kind: 'put', key, value: showData(value) };
    case 'append':
      return { kind: 'append', key, value: showData(value) };
    case 'delete':
      return { kind: 'delete', key };
    case 'cas': {
      if (!isList(value) || value.length !== 2)
        throw unreadable(record.line, ':cas needs [old new] as its :value');
      const [expected = null, next = null] = value;
      return { kind: 'cas', key, expected: textOf(expected), value: showData(next) };
    }
    default:
      throw unreadable(
        record.line,
        `:f is :${record.f}, not :read, :write, :cas, :get, :put, :append or :delete`,
      );
  }
}

function registerOutput(record: JepsenRecord, input: RegisterInput): RegisterOutput {
  if (input.kind === 'get') return { kind: 'got', value: textOf(keyed(record).value), revision: null };
  if (input.kind === 'cas') return { kind: 'swapped', succeeded: true, revision: null };
  if (input.kind === 'delete') return { kind: 'deleted', found: null };
  return { kind: 'put', revision: null };
}

function textOf(data: Data): string | null {
  return data === null ? null : showData(data);
}

/** `:acquire` and `:release`; `:value` may name the lock. */
export function mutexHistory(
  records: readonly JepsenRecord[],
): readonly HistoryEvent<MutexInput, MutexOutput>[] {
  return pairRecords(records, {
    input({ line, f, value }): MutexInput {
      if (f !== 'acquire' && f !== 'release') throw unreadable(line, `:f is :${f}, not :acquire or :release`);
      return { kind: f, lock: value === null ? 'lock' : showData(value) };
    },
    output: (): MutexOutput => ({ kind: 'done' }),
  });
}

/** Elle's: `:value [[:append x 1] [:r y [1 2]]]`. */
export function listAppendHistory(records: readonly JepsenRecord[]): readonly ListHistoryEvent[] {
  return pairRecords(records, { input: listTransaction, output: listTransaction });
}

function listTransaction({ line, value }: JepsenRecord): readonly ListOperation[] {
  if (!isList(value))
    throw unreadable(
      line,
      'a transaction needs a vector of [:append key element] and [:r key list] as its :value',
    );
  return value.map((each): ListOperation => {
    const [name = null, key = null, argument = null] = isList(each) ? each : [];
    const kind = plain(name);
    if (kind === 'append') return { kind: 'append', key: showData(key), element: showData(argument) };
    if (kind !== 'r')
      throw unreadable(line, `${showData(each)} is neither [:append key element] nor [:r key list]`);
    if (argument !== null && !isList(argument)) throw unreadable(line, `${showData(each)} read no list`);
    return { kind: 'read', key: showData(key), list: argument?.map(showData) ?? null };
  });
}

/** `:read` with `{account balance}`, `:transfer` with `{:from a, :to b, :amount n}`. */
export function bankHistory(records: readonly JepsenRecord[]): readonly BankHistoryEvent[] {
  return pairRecords(records, {
    input({ line, f, value }): BankInput {
      if (f === 'read') return { kind: 'read' };
      if (f !== 'transfer') throw unreadable(line, `:f is :${f}, not :read or :transfer`);
      const field = (name: string): Data =>
        value instanceof Map ? (value.get(`:${name}`) ?? value.get(name) ?? null) : null;
      const amount = numberOf(field('amount'), line, 'the :amount of a transfer');
      return { kind: 'transfer', from: showData(field('from')), to: showData(field('to')), amount };
    },
    output({ line, value }, input) {
      if (input.kind === 'transfer') return { kind: 'transferred' };
      if (!(value instanceof Map))
        throw unreadable(line, 'a :read of a bank needs {account balance} as its :value');
      const balances = new Map<string, number | null>();
      for (const [account, balance] of value)
        balances.set(showData(account), balance === null ? null : numberOf(balance, line, 'a balance'));
      return { kind: 'balances', balances };
    },
  });
}

function numberOf(data: Data, line: number, what: string): number {
  const number = typeof data === 'bigint' ? Number(data) : data;
  if (typeof number !== 'number') throw unreadable(line, `${what} is ${showData(data)}, not a number`);
  return number;
}

export function isList(data: Data): data is readonly Data[] {
  return Array.isArray(data);
}
