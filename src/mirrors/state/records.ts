import { asBuffer } from '../../foundation/bytes.ts';
import type { Validators } from '../sources/origin.ts';

/** Why an origin was asked; `forced`: whatever it says is to be taken, older or not. */
export type RefreshReason =
  | 'created'
  | 'stale'
  | 'due'
  | 'predicted'
  | 'interval'
  | 'invalidated'
  | 'asked'
  | 'forced';

/** What is mirrored, written when it changed. Times are of the calendar of whoever wrote it. */
export interface ValueRecord {
  readonly value: unknown;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string | number | null;
  readonly digest: string;
  /** Of the config that it was kept by (`keptBy`). */
  readonly format: string;
  /** When it changed: between the last look that found the value before, and this one; or as the origin says. */
  readonly changedAtMs: number;
  readonly validators: Validators;
}

export interface FailureRecord {
  /** Process whose calendar the times are of. */
  readonly by: string;
  readonly code: string;
  readonly message: string;
  readonly atMs: number;
  /** Nobody asks the origin before this. */
  readonly retryAtMs: number;
  /** In a row. */
  readonly count: number;
  /** The older state that was not taken. */
  readonly offered?: OfferedRecord;
}

/** An older state that the origin insists on: so many looks in a row, since then. */
export interface OfferedRecord {
  readonly digest: string;
  readonly looks: number;
  readonly sinceMs: number;
}

/** The last look at the origin, written with every one, so that all know how fresh the value is. */
export interface CheckRecord {
  /** Process that looked, and its claim: a number that rises with every claim of a resource. */
  readonly by: string;
  readonly fence: number;
  readonly reason: RefreshReason;
  /** By what config of the source (`keptBy`); absent: an earlier version's. */
  readonly kept?: string;
  /** Beginning of the last successful look: at this moment or later the value was the origin's. 0: there was none. */
  readonly checkedAtMs: number;
  /** Last-Modified of the last content, in ms; the version guard compares it. */
  readonly modifiedMs: number | null;
  /** First look of all. */
  readonly sinceMs: number;
  readonly gone: boolean;
  /** When a change becomes likelier than not; null: nothing is known. */
  readonly expectedAtMs: number | null;
  readonly failure: FailureRecord | null;
  /** How long the origin took. */
  readonly tookMs: number;
  readonly counts: CheckCounts;
}

/** Since the mirror began. */
export interface CheckCounts {
  readonly looks: number;
  readonly changes: number;
  readonly failures: number;
  /** Looks because a change was predicted, and those of them that found one. */
  readonly predicted: number;
  readonly predictedRight: number;
  /** Changes that no predicted look found. */
  readonly surprises: number;
  /** Answers older than what was known, not taken. */
  readonly older: number;
}

export const noCounts: CheckCounts = {
  looks: 0,
  changes: 0,
  failures: 0,
  predicted: 0,
  predictedRight: 0,
  surprises: 0,
  older: 0,
};

/** Somebody wants it looked at: an event said that it changed, or a process that cannot ask the origin itself; or a look is due, and left to the next reader. */
export type WantedRecord =
  | { readonly reason: 'invalidated' | 'asked'; readonly by: string; readonly atMs: number }
  /** `patienceMs`: then its refresher looks; null: only a reader does. */
  | {
      readonly reason: 'due';
      readonly by: string;
      readonly atMs: number;
      readonly patienceMs: number | null;
    };

/** A look under way, on the lease of the process that makes it. */
export interface ClaimRecord {
  readonly by: string;
  /** Of this process's claims: no two are alike. */
  readonly number: number;
  readonly reason: RefreshReason;
  readonly atMs: number;
}

/**
 * A token bucket: `tokens` at `atMs`; no calls before `pausedUntilMs`, since the origin asked for patience, for `pausedForMs`. Times are of the steady time
 * of whoever wrote it (`Budgets`).
 */
export interface BudgetRecord {
  /** Process; absent: of an earlier version. */
  readonly by?: string;
  readonly tokens: number;
  readonly atMs: number;
  readonly pausedUntilMs?: number;
  readonly pausedForMs?: number;
}

/** Moments of changes, oldest first, each with the look before it: the change came in between. */
export interface HistoryRecord {
  readonly changes: readonly (readonly [lowMs: number, highMs: number])[];
}

export function encodeRecord(record: object): Uint8Array {
  return Buffer.from(JSON.stringify(record), 'utf8');
}

/** Null: damaged, or written by another program. The shape is what `encodeRecord` wrote: only mirrors write below their prefix. */
export function decodeRecord<Record extends object>(bytes: Uint8Array): Record | null {
  try {
    const record: unknown = JSON.parse(asBuffer(bytes).toString('utf8'));
    return record !== null && typeof record === 'object' ? (record as Record) : null;
  } catch {
    return null;
  }
}
