import type { HistoryEvent } from '../history.ts';
import type { RegisterInput, RegisterOutput } from '../register/register.ts';
import { type Data, Reader, unreadable } from './reader.ts';
import { showData } from './records.ts';

type Event = HistoryEvent<RegisterInput, RegisterOutput>;
type Fields = ReadonlyMap<string, Data>;

export interface PorcupineHistory {
  readonly events: readonly Event[];
  /** What every key holds in the beginning; null: it is absent. */
  readonly initial: string | null;
}

/**
 * JSON of porcupine's types as Go's encoder writes them: `[{ClientId, Input, Call, Output, Return}]`, sorted here by time, or
 * `[{ClientId, Kind, Value, Id}]` (`Kind` false or "call", true or "return"), in their order. Inputs: `{Op, Key, Value}` with Op 0 get, 1 put,
 * 2 append or their names, also read, write, delete; `{Op, Arg1, Arg2}` with Op 0 read, 1 write, 2 cas; `{Op, Value}` with Op true get,
 * false put. Outputs: the value read, or `{Value, Exists, Ok, Unknown}`. No `Return`, `Unknown`, a get or cas without output: the outcome is not known.
 * Names in any case. Errors: `invalid-argument`.
 */
export function porcupineHistory(text: string): PorcupineHistory {
  const records = new Reader(text, 'json').records().map(({ value, line }) => {
    if (!(value instanceof Map))
      throw unreadable(
        line,
        'not an operation: {"ClientId":0,"Input":{…},"Call":1,"Output":{…},"Return":2} is one',
      );
    return { line, fields: fieldsOf(value) };
  });
  const events = records.some(({ fields }) => fields.has('kind'))
    ? fromEvents(records)
    : fromOperations(records);
  return { events, initial: initialOf(records) };
}

/** Porcupine's own models begin so: keys of its store with the empty string, registers with 0, etcd's absent. */
function initialOf(records: readonly Record[]): string | null {
  const inside = records.flatMap(({ fields }) =>
    ['input', 'output', 'value'].flatMap((name) => {
      const data = fields.get(name) ?? null;
      return data instanceof Map ? [fieldsOf(data)] : [];
    }),
  );
  if (inside.some((fields) => fields.has('arg1') || fields.has('exists'))) return null;
  return inside.some((fields) => fields.has('key')) ? '' : '0';
}

interface Record {
  readonly line: number;
  readonly fields: Fields;
}

function fromOperations(records: readonly Record[]): readonly Event[] {
  const timed: { readonly at: number | bigint; readonly call: boolean; readonly event: Event }[] = [];
  records.forEach(({ line, fields }, operation) => {
    const input = inputOf(fields.get('input') ?? null, line);
    const call = timeOf(fields.get('call') ?? null);
    if (call === null) throw unreadable(line, 'an operation without the time of its "Call"');
    const caller = showData(fields.get('clientid') ?? operation);
    timed.push({ at: call, call: true, event: { kind: 'invoke', operation, caller, input } });
    const end = timeOf(fields.get('return') ?? null);
    const output = outputOf(input, fields.get('output') ?? null);
    if (end === null || output === null) return;
    if (end < call) throw unreadable(line, `"Return" ${end} is before "Call" ${call}`);
    timed.push({ at: end, call: false, event: { kind: 'ok', operation, output } });
  });
  // What returns in the moment of a call was still under way then.
  timed.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : Number(b.call) - Number(a.call)));
  return timed.map(({ event }) => event);
}

function fromEvents(records: readonly Record[]): readonly Event[] {
  const open = new Map<string, { readonly operation: number; readonly input: RegisterInput }>();
  const events: Event[] = [];
  let operation = 0;
  for (const { line, fields } of records) {
    const kind = fields.get('kind');
    const id = showData(fields.get('id') ?? null);
    const value = fields.get('value') ?? null;
    const begun = open.get(id);
    if (kind === true || kind === 1 || /^return/i.test(showData(kind ?? null))) {
      if (begun === undefined) throw unreadable(line, `a return of ${id}, which was not called`);
      open.delete(id);
      const output = outputOf(begun.input, value);
      if (output === null) events.push({ kind: 'indeterminate', operation: begun.operation });
      else events.push({ kind: 'ok', operation: begun.operation, output });
      continue;
    }
    if (begun !== undefined) throw unreadable(line, `${id} is called while it is under way`);
    const input = inputOf(value, line);
    open.set(id, { operation, input });
    const caller = showData(fields.get('clientid') ?? id);
    events.push({ kind: 'invoke', operation: operation++, caller, input });
  }
  return events;
}

const names: Readonly<{ [name: string]: RegisterInput['kind'] }> = {
  '0': 'get',
  get: 'get',
  read: 'get',
  true: 'get',
  '1': 'put',
  put: 'put',
  write: 'put',
  false: 'put',
  append: 'append',
  cas: 'cas',
  delete: 'delete',
};

function inputOf(data: Data, line: number): RegisterInput {
  if (!(data instanceof Map))
    throw unreadable(line, 'an input that is no object like {"Op":"put","Key":"x","Value":"1"}');
  const fields = fieldsOf(data);
  const op = showData(fields.get('op') ?? null).toLowerCase();
  const kind = op === '2' ? (fields.has('arg1') ? 'cas' : 'append') : names[op];
  const key = fields.has('key') ? showData(fields.get('key') ?? null) : 'register';
  const value = showData(fields.get('value') ?? fields.get('arg1') ?? '');
  switch (kind) {
    case 'get':
    case 'delete':
      return { kind, key };
    case 'put':
    case 'append':
      return { kind, key, value };
    case 'cas': {
      const expected = fields.get('from') ?? fields.get('arg1') ?? null;
      const next = fields.get('to') ?? fields.get('arg2') ?? null;
      return { kind, key, expected: expected === null ? null : showData(expected), value: showData(next) };
    }
    default:
      throw unreadable(line, `"Op" is ${op}, not get, put, append, cas, delete, or their numbers 0, 1, 2`);
  }
}

/** Null: not known. */
function outputOf(input: RegisterInput, data: Data): RegisterOutput | null {
  const fields: Fields = data instanceof Map ? fieldsOf(data) : new Map([['value', data]]);
  if (fields.get('unknown') === true) return null;
  switch (input.kind) {
    case 'get': {
      const value = fields.get('exists') === false ? null : (fields.get('value') ?? null);
      if (data === null) return null;
      return { kind: 'got', value: value === null ? null : showData(value), revision: null };
    }
    case 'cas':
    case 'casRevision': {
      const succeeded = fields.get('ok') ?? fields.get('value');
      return typeof succeeded === 'boolean' ? { kind: 'swapped', succeeded, revision: null } : null;
    }
    case 'delete':
      return { kind: 'deleted', found: null };
    default:
      return { kind: 'put', revision: null };
  }
}

function fieldsOf(data: ReadonlyMap<Data, Data>): Fields {
  return new Map([...data].map(([name, value]) => [showData(name).toLowerCase(), value]));
}

function timeOf(data: Data): number | bigint | null {
  return typeof data === 'number' || typeof data === 'bigint' ? data : null;
}
