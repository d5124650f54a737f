import { TanistError } from '../../foundation/errors.ts';
import { keptBy } from '../config/kept-by.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import { applyFormat, type Formatted } from '../format/apply-format.ts';
import type { OriginAnswer } from '../sources/origin.ts';
import {
  type CheckCounts,
  type CheckRecord,
  type FailureRecord,
  type HistoryRecord,
  noCounts,
  type OfferedRecord,
  type RefreshReason,
  type ValueRecord,
} from '../state/records.ts';
import { withChange } from './history.ts';
import { isOlder, offeredAgain } from './version-guard.ts';

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

interface KeptLook extends Look {
  /** By what config of the source (`keptBy`). */
  readonly kept: string;
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
/** Characters of what is written of a failure. */
const mostMessage = 500;
const longestBackoffMs = 5 * 60_000;

/** What an answer means for the mirror. Pure; an answer that cannot be taken leaves the value as it was and says why. */
export function judge(config: SourceConfig, made: Look, before: Before): Verdict {
  const { answer } = made;
  const look = { ...made, kept: keptBy(config) };
  // What the source kept before it was changed is no earlier state of this one.
  const known = before.value?.format === look.kept ? before.value : null;
  if (answer.kind === 'failed') return failure(look, before, answer.error, answer.retryAfterMs);
  if (answer.kind === 'gone') return gone(look, before);
  if (answer.kind === 'unchanged') {
    if (known !== null) return seen(look, before, false);
    const error = new TanistError('origin-unreadable', 'the origin says "unchanged" of what nobody has');
    return failure(look, before, error, null);
  }
  let formatted: Formatted;
  try {
    formatted = applyFormat(config.format, look.key, answer.document);
  } catch (error) {
    // Whatever a document does to whoever reads it is the origin's doing.
    const unreadable = new TanistError('origin-unreadable', "the origin's answer cannot be kept as JSON");
    return failure(look, before, error instanceof TanistError ? error : unreadable, null);
  }
  const modifiedMs = answer.ordered === false ? null : answer.changedAtMs;
  if (known !== null && look.reason !== 'forced' && isOlder(formatted, modifiedMs, known, before.check)) {
    const offered = offeredAgain(formatted.digest, look.endedMs, before.check?.failure?.offered);
    if (offered !== null) return older(look, before, offered);
  }
  const changed = before.value === null || before.value.digest !== formatted.digest;
  const told = formatted.changedAtMs ?? answer.changedAtMs;
  const { check } = seen(look, before, changed && known !== null);
  const modified = { ...check, modifiedMs };
  if (!changed && known !== null && sameValidators(known, answer.validators))
    return { check: modified, value: undefined, history: undefined };
  const lowMs = before.check === null || known === null ? null : before.check.checkedAtMs;
  const interval = changed ? changeInterval(look, lowMs, told, answer) : null;
  const value: ValueRecord = {
    value: formatted.value,
    labels: formatted.labels,
    version: formatted.version,
    digest: formatted.digest,
    format: look.kept,
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
  { originMs, ordered }: Extract<OriginAnswer, { kind: 'content' }>,
): readonly [number, number] | null {
  if (toldMs !== null) {
    const skewMs = originMs === null ? 0 : look.endedMs - originMs;
    // Date headers have whole seconds: less is no skew.
    const ours = toldMs + (Math.abs(skewMs) < 2000 ? 0 : skewMs);
    // Of what was put back only the looks tell when.
    const wasPutBack = ordered === false && lowMs !== null && ours < lowMs;
    if (ours <= look.endedMs + 2000 && !wasPutBack) {
      const at = Math.min(Math.max(ours, lowMs ?? ours), look.endedMs);
      return [at, at];
    }
  }
  return lowMs === null ? null : [lowMs, look.endedMs];
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

function seen(look: KeptLook, before: Before, changed: boolean): Verdict {
  const check: CheckRecord = {
    by: look.by,
    fence: look.fence,
    reason: look.reason,
    kept: look.kept,
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

function gone(look: KeptLook, before: Before): Verdict {
  const wasThere = before.value?.format === look.kept;
  const { check } = seen(look, before, wasThere);
  const lowMs = before.check?.checkedAtMs ?? null;
  const interval = wasThere && lowMs !== null ? ([lowMs, look.endedMs] as const) : null;
  return {
    check: { ...check, gone: true, modifiedMs: null },
    value: before.value === null ? undefined : null,
    history: interval === null ? undefined : withChange(before.history, interval),
  };
}

/** Counted, and said; `offered` remembers how often. */
function older(look: KeptLook, before: Before, offered: OfferedRecord): Verdict {
  const error = new TanistError(
    'origin-older',
    'the origin answered with an older state than is known; it was not taken (tanist mirror refresh --force takes it)',
  );
  const { check, ...rest } = failure(look, before, error, null);
  const record = check.failure === null ? null : { ...check.failure, offered };
  const counts = { ...check.counts, older: check.counts.older + 1 };
  return { ...rest, check: { ...check, failure: record, counts } };
}

function failure(look: KeptLook, before: Before, error: TanistError, retryAfterMs: number | null): Verdict {
  const isSame = before.check?.kept === undefined || before.check.kept === look.kept;
  const count = ((isSame ? before.check?.failure?.count : undefined) ?? 0) + 1;
  const backoffMs = Math.min(firstBackoffMs * 2 ** Math.min(count - 1, 20), longestBackoffMs);
  const record: FailureRecord = {
    by: look.by,
    code: error.code,
    message: error.message.slice(0, mostMessage),
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
      gone: isSame && (before.check?.gone ?? false),
      expectedAtMs: before.check?.expectedAtMs ?? null,
      failure: record,
      counts: { ...counts, failures: counts.failures + 1 },
    },
    value: undefined,
    history: undefined,
  };
}
