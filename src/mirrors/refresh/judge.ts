import { asError, TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import { applyFormat, type Formatted, formatKey } from '../format/apply-format.ts';
import type { OriginAnswer } from '../sources/origin.ts';
import {
  type CheckCounts,
  type CheckRecord,
  type FailureRecord,
  type HistoryRecord,
  noCounts,
  type RefreshReason,
  type ValueRecord,
} from '../state/records.ts';
import { withChange } from './history.ts';

/** A look at an origin. Times are of this process's calendar. */
export interface Look {
  readonly key: string;
  readonly by: string;
  readonly fence: number;
  readonly reason: RefreshReason;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly answer: OriginAnswer;
}

/** What was known before. */
export interface Before {
  readonly value: ValueRecord | null;
  readonly check: CheckRecord | null;
  readonly history: HistoryRecord | null;
}

/** What is to be written. `value` undefined: as it was; null: taken away. */
export interface Verdict {
  readonly check: CheckRecord;
  readonly value: ValueRecord | null | undefined;
  readonly history: HistoryRecord | undefined;
}

const firstBackoffMs = 1000;
const longestBackoffMs = 5 * 60_000;

/** What an answer means for the mirror. Pure; an answer that cannot be taken leaves the value as it was and says why. */
export function judge(config: SourceConfig, look: Look, before: Before): Verdict {
  const { answer } = look;
  if (answer.kind === 'failed') return failure(look, before, answer.error, answer.retryAfterMs);
  if (answer.kind === 'gone') return gone(look, before);
  if (answer.kind === 'unchanged') {
    if (before.value !== null) return seen(look, before, false);
    const error = new TanistError('origin-unreadable', 'the origin says "unchanged" of what nobody has');
    return failure(look, before, error, null);
  }
  let formatted: Formatted;
  try {
    formatted = applyFormat(config.format, look.key, answer.document);
  } catch (error) {
    if (!(error instanceof TanistError)) throw asError(error);
    return failure(look, before, error, null);
  }
  if (isOlder(formatted, answer.changedAtMs, before)) {
    const error = new TanistError(
      'origin-older',
      'the origin answered with an older state than is known; it was not taken',
    );
    const verdict = failure(look, before, error, null);
    const counts = { ...verdict.check.counts, older: verdict.check.counts.older + 1 };
    return { ...verdict, check: { ...verdict.check, counts } };
  }
  const changed = before.value === null || before.value.digest !== formatted.digest;
  const told = formatted.changedAtMs ?? answer.changedAtMs;
  const { check } = seen(look, before, changed && before.value !== null);
  const modified = { ...check, modifiedMs: answer.changedAtMs };
  if (
    !changed &&
    before.value?.format === formatKey(config.format) &&
    sameValidators(before.value, answer.validators)
  )
    return { check: modified, value: undefined, history: undefined };
  const lowMs = before.check === null || before.value === null ? null : before.check.checkedAtMs;
  const interval = changed ? changeInterval(look, lowMs, told, answer.originMs) : null;
  const value: ValueRecord = {
    value: formatted.value,
    labels: formatted.labels,
    version: formatted.version,
    digest: formatted.digest,
    format: formatKey(config.format),
    changedAtMs: changed ? (interval?.[1] ?? look.endedMs) : (before.value?.changedAtMs ?? look.endedMs),
    validators: answer.validators,
  };
  return {
    check: modified,
    value,
    history: interval === null ? undefined : withChange(before.history, interval),
  };
}

/** Between which two moments it changed, by our calendar; null: nothing is known of it. */
function changeInterval(
  look: Look,
  lowMs: number | null,
  toldMs: number | null,
  originMs: number | null,
): readonly [number, number] | null {
  if (toldMs !== null) {
    const skewMs = originMs === null ? 0 : look.endedMs - originMs;
    // Date headers have whole seconds: less is no skew.
    const ours = toldMs + (Math.abs(skewMs) < 2000 ? 0 : skewMs);
    if (ours <= look.endedMs + 2000) {
      const at = Math.min(Math.max(ours, lowMs ?? ours), look.endedMs);
      return [at, at];
    }
  }
  return lowMs === null ? null : [lowMs, look.endedMs];
}

/** The version guard: by the version that the format names, else by Last-Modified; the claims' fences order the rest. */
function isOlder(formatted: Formatted, modifiedMs: number | null, { value, check }: Before): boolean {
  if (value === null || mutant.active === 'mirror-older-accepted') return false;
  const known = value.version;
  const offered = formatted.version;
  if (typeof known === 'number' && typeof offered === 'number' && offered !== known) return offered < known;
  if (typeof known === 'string' && typeof offered === 'string' && offered !== known)
    return isTextBelow(offered, known);
  return modifiedMs !== null && check !== null && check.modifiedMs !== null && modifiedMs < check.modifiedMs;
}

/** Digits as numbers of any length, other text in its own order. */
function isTextBelow(a: string, b: string): boolean {
  if (/^\d+$/.test(a) && /^\d+$/.test(b)) return BigInt(a) < BigInt(b);
  return a < b;
}

function sameValidators(
  value: ValueRecord | null,
  { etag, lastModified }: ValueRecord['validators'],
): boolean {
  return value?.validators.etag === etag && value?.validators.lastModified === lastModified;
}

function counted(look: Look, { check }: Before, changed: boolean): CheckCounts {
  const counts = check?.counts ?? noCounts;
  const predicted = look.reason === 'predicted';
  return {
    ...counts,
    looks: counts.looks + 1,
    changes: counts.changes + (changed ? 1 : 0),
    predicted: counts.predicted + (predicted ? 1 : 0),
    predictedRight: counts.predictedRight + (predicted && changed ? 1 : 0),
    surprises: counts.surprises + (!predicted && changed ? 1 : 0),
  };
}

function seen(look: Look, before: Before, changed: boolean): Verdict {
  const check: CheckRecord = {
    by: look.by,
    fence: look.fence,
    reason: look.reason,
    checkedAtMs: look.startedMs,
    modifiedMs: before.check?.modifiedMs ?? null,
    sinceMs: before.check?.sinceMs ?? look.startedMs,
    gone: false,
    expectedAtMs: null,
    failure: null,
    tookMs: look.endedMs - look.startedMs,
    counts: counted(look, before, changed),
  };
  return { check, value: undefined, history: undefined };
}

function gone(look: Look, before: Before): Verdict {
  const wasThere = before.value !== null;
  const { check } = seen(look, before, wasThere);
  const lowMs = before.check?.checkedAtMs ?? null;
  const interval = wasThere && lowMs !== null ? ([lowMs, look.endedMs] as const) : null;
  return {
    check: { ...check, gone: true, modifiedMs: null },
    value: wasThere ? null : undefined,
    history: interval === null ? undefined : withChange(before.history, interval),
  };
}

function failure(look: Look, before: Before, error: TanistError, retryAfterMs: number | null): Verdict {
  const count = (before.check?.failure?.count ?? 0) + 1;
  const backoffMs = Math.min(firstBackoffMs * 2 ** Math.min(count - 1, 20), longestBackoffMs);
  const record: FailureRecord = {
    by: look.by,
    code: error.code,
    message: error.message,
    atMs: look.endedMs,
    retryAtMs: look.endedMs + Math.max(retryAfterMs ?? 0, backoffMs),
    count,
  };
  const counts = counted(look, before, false);
  const { check } = seen(look, before, false);
  return {
    check: {
      ...check,
      checkedAtMs: before.check?.checkedAtMs ?? 0,
      // The clock that the moment above is of.
      by: before.check !== null && before.check.checkedAtMs !== 0 ? before.check.by : look.by,
      gone: before.check?.gone ?? false,
      expectedAtMs: before.check?.expectedAtMs ?? null,
      failure: record,
      counts: { ...counts, failures: counts.failures + 1 },
    },
    value: undefined,
    history: undefined,
  };
}
