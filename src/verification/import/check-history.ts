import type { Violations } from '../violation.ts';

/** `jepsen`: EDN, or the same as JSON. `porcupine`: JSON of operations or events, or the EDN lines of its key-value logs. */
export type HistoryFormat = 'auto' | 'jepsen' | 'porcupine';

export type HistoryModel = 'auto' | 'register' | 'mutex' | 'list-append' | 'bank';

export interface CheckHistoryOptions {
  readonly format?: HistoryFormat;
  readonly model?: HistoryModel;
  /** Asked now and then while a search lasts; when it says true the answer is `unknown`. */
  readonly shouldStop?: () => boolean;
  /** list-append: strict serializability (the default), not serializability alone. */
  readonly realtime?: boolean;
  /** bank: the constant sum; by default that of the first read. */
  readonly total?: number;
  readonly negativeBalances?: boolean;
}

export interface HistoryVerdict {
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly format: Exclude<HistoryFormat, 'auto'>;
  readonly model: Exclude<HistoryModel, 'auto'>;
  readonly operations: number;
  /** Of them with an unknown outcome. */
  readonly indeterminate: number;
  /** One line: what was looked at, or what is wrong. */
  readonly detail: string;
  readonly violations: Violations;
  /** Of a history that is not linearizable: its smallest part that isn't. Times are positions in the history. */
  readonly counterexample: DrawnCounterexample | null;
}

/** To be drawn: a bar an operation. */
export interface DrawnCounterexample {
  readonly title: string;
  readonly operations: readonly {
    readonly caller: string;
    readonly fromMs: number;
    /** Null: never ended. */
    readonly toMs: number | null;
    readonly text: string;
    /** Part of the contradiction; the others explain where values come from. */
    readonly wrong: boolean;
  }[];
}

/** A history of another tool, read and judged. Errors: `invalid-argument`, with the line that can't be read and what was expected there. */
export function checkHistory(_text: string, _options: CheckHistoryOptions = {}): HistoryVerdict {
  throw new Error('not here yet');
}
