import type { HistoryEvent } from '../history.ts';
import { type Data, Reader, unreadable } from './reader.ts';

/** A line of a Jepsen history. */
export interface JepsenRecord {
  readonly line: number;
  readonly process: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  /** Without its colon; empty: not said. */
  readonly f: string;
  readonly value: Data;
  /** Of key-value logs, which name the key beside the value. */
  readonly key: Data;
}

const types: ReadonlySet<string> = new Set(['invoke', 'ok', 'fail', 'info']);

/** A Jepsen history as EDN, JSON or lines of its log; what no client did (nemesis, notes) is left out. Errors: `invalid-argument`. */
export function jepsenRecords(text: string): readonly JepsenRecord[] {
  if (/^INFO\s/m.test(text)) return logRecords(text);
  const records: JepsenRecord[] = [];
  for (const { value, line } of new Reader(text, isJson(text) ? 'json' : 'edn').records()) {
    if (!(value instanceof Map))
      throw unreadable(line, 'not an operation: {:process 0, :type :invoke, :f :read, :value nil} is one');
    const field = (name: string): Data => value.get(`:${name}`) ?? value.get(name) ?? null;
    const record = recordOf(line, field('process'), field('type'), field('f'), field('value'), field('key'));
    if (record !== null) records.push(record);
  }
  return records;
}

/** The first key of the first map is a string. */
export function isJson(text: string): boolean {
  return /^[\s[]*\{\s*"/.test(text);
}

/** `INFO  jepsen.util - 3	:invoke	:write	4`, as Jepsen writes them to its log. */
function logRecords(text: string): readonly JepsenRecord[] {
  const records: JepsenRecord[] = [];
  text.split('\n').forEach((content, i) => {
    const [, process, type, f, rest] =
      /^INFO\s+jepsen\.util\s+-\s+(\S+)\s+(:\w+)\s+(:\S+)\s+(.*)$/.exec(content) ?? [];
    if (process === undefined || type === undefined || f === undefined || rest === undefined) return;
    const line = i + 1;
    // In a pair of braces, so that a vector is one value.
    const [read] = new Reader(`{:value ${rest}}`, 'edn', line).records();
    const value = read?.value instanceof Map ? (read.value.get(':value') ?? null) : null;
    const record = recordOf(line, process, type, f, value, null);
    if (record !== null) records.push(record);
  });
  return records;
}

function recordOf(
  line: number,
  process: Data,
  type: Data,
  f: Data,
  value: Data,
  key: Data,
): JepsenRecord | null {
  if (typeof process === 'string' && !/^\d+$/.test(process)) return null;
  const name = plain(type);
  if (!isType(name)) throw unreadable(line, `:type is ${showData(type)}, not :invoke, :ok, :fail or :info`);
  return { line, process: showData(process ?? 0), type: name, f: plain(f), value, key };
}

function isType(name: string): name is JepsenRecord['type'] {
  return types.has(name);
}

/** A keyword's or a string's text. */
export function plain(data: Data): string {
  return typeof data === 'string' ? data.replace(/^:/, '') : '';
}

/** As it is compared and shown: text as it is, the rest as EDN. */
export function showData(data: Data): string {
  if (data === null) return 'nil';
  if (data instanceof Map) return `{${[...data].map((pair) => pair.map(showData).join(' ')).join(', ')}}`;
  if (typeof data === 'object') return `[${[...data.values()].map((each) => showData(each)).join(' ')}]`;
  return String(data);
}

/** Pairs each end with what its process had begun. `read` gives the input of a call and the output of an `ok`. Errors: `invalid-argument`. */
export function pairRecords<Input, Output>(
  records: readonly JepsenRecord[],
  read: {
    readonly input: (record: JepsenRecord) => Input;
    readonly output: (record: JepsenRecord, input: Input) => Output;
  },
): readonly HistoryEvent<Input, Output>[] {
  const events: HistoryEvent<Input, Output>[] = [];
  const open = new Map<
    string,
    { readonly operation: number; readonly input: Input; readonly line: number }
  >();
  let operation = 0;
  for (const record of records) {
    const { line, process, type } = record;
    const begun = open.get(process);
    if (type === 'invoke') {
      if (begun !== undefined)
        throw unreadable(
          line,
          `process ${process} begins while its operation of line ${begun.line} has no end`,
        );
      const input = read.input(record);
      open.set(process, { operation, input, line });
      events.push({ kind: 'invoke', operation: operation++, caller: process, input });
      continue;
    }
    if (begun === undefined) {
      if (type === 'info') continue;
      throw unreadable(line, `process ${process} ends what it had not begun`);
    }
    open.delete(process);
    if (type === 'ok')
      events.push({ kind: 'ok', operation: begun.operation, output: read.output(record, begun.input) });
    else events.push({ kind: type === 'fail' ? 'fail' : 'indeterminate', operation: begun.operation });
  }
  return events;
}
