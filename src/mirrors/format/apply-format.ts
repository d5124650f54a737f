import { createHash } from 'node:crypto';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { FormatConfig } from '../config/source-schema.ts';
import { canonicalJson } from './canonical-json.ts';
import { expressionOf } from './expression.ts';

/** What a mirror keeps of an origin's answer. */
export interface Formatted {
  readonly value: unknown;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string | number | null;
  /** As the origin says; null where it doesn't. */
  readonly changedAtMs: number | null;
  /** Of value, labels and nothing else: equal digests, no change. */
  readonly digest: string;
}

/** Characters of an origin's own words in a message. */
const mostNamed = 80;

/** Fails as `origin-unreadable` where the document does not fit the format. */
export function applyFormat(format: FormatConfig, key: string, document: unknown): Formatted {
  checkShape(document);
  const take = (expression: string): unknown => {
    try {
      return expressionOf(expression)(document);
    } catch (error) {
      throw unreadable(`${expression}: ${asError(error).message}`);
    }
  };
  const value =
    format.fields === undefined
      ? document
      : Object.fromEntries(
          Object.entries(format.fields).map(([name, expression]) => [name, take(expression) ?? null]),
        );
  if (format.fields !== undefined && Object.values(value as object).every((field) => field === null))
    throw unreadable('it has none of the fields that the mirror keeps');
  if (format.key !== undefined) {
    const named = take(format.key);
    if (String(named) !== key)
      throw unreadable(`it is about ${(JSON.stringify(named) ?? 'nothing').slice(0, mostNamed)}, not ${key}`);
  }
  const labels = Object.fromEntries(
    Object.entries(format.labels)
      .map(([name, expression]) => [name, take(expression)] as const)
      .filter(([, label]) => label !== undefined && label !== null)
      .map(([name, label]) => [name, typeof label === 'string' ? label : JSON.stringify(label)]),
  );
  const version = format.version === undefined ? null : take(format.version);
  return {
    value,
    labels,
    version: typeof version === 'string' || typeof version === 'number' ? version : null,
    changedAtMs: format.changedAt === undefined ? null : timeMs(take(format.changedAt)),
    digest: createHash('sha256')
      .update(canonicalJson([value, labels]))
      .digest('base64url')
      .slice(0, 22),
  };
}

/** Nested deeper than this nothing is kept: whatever walks a document may then do so by recursion. */
const mostDepth = 200;

/** An own origin's document may be anything at all. */
function checkShape(document: unknown): void {
  if (document === undefined) throw unreadable('there is none');
  const open: (readonly [value: unknown, depth: number])[] = [[document, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value === 'bigint') throw unreadable('it has a BigInt, which JSON has not');
    if (value === null || typeof value !== 'object') continue;
    if (depth === mostDepth) throw unreadable(`it is nested deeper than ${mostDepth} levels`);
    for (const each of Object.values(value)) open.push([each, depth + 1]);
  }
}

/** Seconds below 10¹¹ (the year 5138), ms above. */
function timeMs(value: unknown): number | null {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0)
    return value < 1e11 ? value * 1000 : value;
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
}

function unreadable(wrong: string): TanistError {
  return new TanistError('origin-unreadable', `the origin's answer does not fit the format: ${wrong}`);
}
