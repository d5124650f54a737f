import { unreachable } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { HistoryEvent } from '../history.ts';
import { mutexModel } from '../locks/mutex.ts';
import { type registerModel, registerModelFrom } from '../register/register.ts';
import { checkBank } from '../transactions/bank.ts';
import { checkListAppend } from '../transactions/list-append.ts';
import { bankHistory, isList, listAppendHistory, mutexHistory, registerHistory } from './jepsen.ts';
import { type Judged, judge } from './judge.ts';
import { porcupineHistory } from './porcupine.ts';
import { isJson, type JepsenRecord, jepsenRecords } from './records.ts';

/** `jepsen`: EDN, the same as JSON, or lines of its log. `porcupine`: JSON of operations or events. */
export type HistoryFormat = 'auto' | 'jepsen' | 'porcupine';

export type HistoryModel = 'auto' | 'register' | 'mutex' | 'list-append' | 'bank';

export interface CheckHistoryOptions {
  readonly format?: HistoryFormat;
  readonly model?: HistoryModel;
  /** Asked now and then while a search lasts; when it says true the answer is `unknown`. */
  readonly shouldStop?: () => boolean;
  /** register: what every key holds in the beginning (null: it is absent); by default as the format has it. */
  readonly initial?: string | null;
  /** list-append: strict serializability (the default), not serializability alone. */
  readonly realtime?: boolean;
  /** bank: the constant sum; by default that of the first read. */
  readonly total?: number;
  readonly negativeBalances?: boolean;
}

export interface HistoryVerdict extends Judged {
  readonly format: Exclude<HistoryFormat, 'auto'>;
  readonly model: Exclude<HistoryModel, 'auto'>;
  readonly operations: number;
  /** Of them with an unknown outcome. */
  readonly indeterminate: number;
}

/** A history of another tool, read and judged. Errors: `invalid-argument`, with the line that can't be read and what was expected there. */
export function checkHistory(text: string, options: CheckHistoryOptions = {}): HistoryVerdict {
  const format = formatOf(text, options);
  if (format === 'porcupine') {
    const { model = 'auto' } = options;
    if (model !== 'auto' && model !== 'register')
      throw new TanistError(
        'invalid-argument',
        `a porcupine history is one of registers, not of model ${model}`,
      );
    const { events, initial } = porcupineHistory(text);
    return {
      ...counted(events),
      format,
      model: 'register',
      ...judge(registers(initial, options), events, options),
    };
  }
  const records = jepsenRecords(text);
  const model = modelOf(records, options);
  switch (model) {
    case 'register': {
      const events = registerHistory(records);
      // Logs that name the key beside the value are those of porcupine's store.
      const initial = records.some(({ key }) => key !== null) ? '' : null;
      return { ...counted(events), format, model, ...judge(registers(initial, options), events, options) };
    }
    case 'mutex': {
      const events = mutexHistory(records);
      return { ...counted(events), format, model, ...judge(mutexModel, events, options) };
    }
    case 'list-append': {
      const events = listAppendHistory(records);
      const { answer, anomalies, reason } = checkListAppend(events, options);
      const serializable = options.realtime === false ? 'serializable' : 'strictly serializable';
      const detail =
        reason ?? (answer === 'yes' ? serializable : `not ${serializable}: ${anomalies[0]?.check}`);
      return {
        ...counted(events),
        format,
        model,
        answer,
        detail,
        violations: anomalies,
        counterexample: null,
      };
    }
    case 'bank': {
      const events = bankHistory(records);
      const { total = null, negativeBalances = false } = options;
      const violations = checkBank(events, { total, accounts: null, negativeBalances });
      const answer = violations.length === 0 ? 'yes' : 'no';
      const detail = violations[0]?.detail ?? 'every read has the same sum';
      return { ...counted(events), format, model, answer, detail, violations, counterexample: null };
    }
    default:
      return unreachable(model);
  }
}

function formatOf(text: string, { format = 'auto' }: CheckHistoryOptions): HistoryVerdict['format'] {
  if (text.trim() === '') throw new TanistError('invalid-argument', 'line 1: the history is empty');
  if (format !== 'auto') return format;
  return isJson(text) && /"(Input|Kind)"\s*:/i.test(text) ? 'porcupine' : 'jepsen';
}

function modelOf(
  records: readonly JepsenRecord[],
  { model = 'auto' }: CheckHistoryOptions,
): HistoryVerdict['model'] {
  if (model !== 'auto') return model;
  if (records.length === 0)
    throw new TanistError('invalid-argument', 'line 1: no operation of a client is in the history');
  if (records.some(({ f }) => f === 'acquire' || f === 'release')) return 'mutex';
  if (records.some(({ f, value }) => f === 'transfer' || (f === 'read' && value instanceof Map)))
    return 'bank';
  const transactions = records.some(({ f, value }) => f === 'txn' || (f === '' && isList(value)));
  return transactions ? 'list-append' : 'register';
}

function counted(
  events: readonly HistoryEvent<unknown, unknown>[],
): Pick<HistoryVerdict, 'operations' | 'indeterminate'> {
  const count = (kind: HistoryEvent<unknown, unknown>['kind']): number =>
    events.filter((each) => each.kind === kind).length;
  const operations = count('invoke');
  return { operations, indeterminate: operations - count('ok') - count('fail') };
}

function registers(
  fromFormat: string | null,
  { initial = fromFormat }: CheckHistoryOptions,
): typeof registerModel {
  return registerModelFrom(initial);
}
