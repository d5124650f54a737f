import { mutant } from '../../foundation/mutants.ts';
import type { Formatted } from '../format/apply-format.ts';
import type { CheckRecord, OfferedRecord, ValueRecord } from '../state/records.ts';

/** An origin that says the same older state so often and for so long has gone back, and is no replica that lags behind. */
const insistentLooks = 8;
const insistentMs = 15 * 60_000;

/** Whether an answer is older than what is known: by the version that the format names, else by Last-Modified; the claims' fences order the rest. */
export function isOlder(
  { version: offered }: Formatted,
  modifiedMs: number | null,
  { version: known }: ValueRecord,
  check: CheckRecord | null,
): boolean {
  if (mutant.active === 'mirror-older-accepted') return false;
  if (typeof known === 'number' && typeof offered === 'number' && offered !== known) return offered < known;
  if (typeof known === 'string' && typeof offered === 'string' && offered !== known)
    return isTextBelow(offered, known);
  return modifiedMs !== null && check !== null && check.modifiedMs !== null && modifiedMs < check.modifiedMs;
}

/** An older state offered once more; null: so often by now that it is to be taken. */
export function offeredAgain(
  digest: string,
  nowMs: number,
  last: OfferedRecord | undefined,
): OfferedRecord | null {
  const offered =
    last?.digest === digest ? { ...last, looks: last.looks + 1 } : { digest, looks: 1, sinceMs: nowMs };
  return offered.looks >= insistentLooks && nowMs - offered.sinceMs >= insistentMs ? null : offered;
}

/** In natural order: runs of digits as numbers of any length (1.9.0 < 1.10.0), the rest as text. */
function isTextBelow(a: string, b: string): boolean {
  const [ours, theirs] = [parts(a), parts(b)];
  for (const [i, part] of ours.entries()) {
    const other = theirs[i];
    if (other === undefined) return false;
    if (part === other) continue;
    if (/^\d/.test(part) && /^\d/.test(other)) {
      const [left, right] = [BigInt(part), BigInt(other)];
      if (left !== right) return left < right;
    } else return part < other;
  }
  return ours.length < theirs.length;
}

function parts(text: string): readonly string[] {
  return text.match(/\d+|\D+/g) ?? [];
}
