import { asError, type ErrorCode, TanistError } from '../../foundation/errors.ts';
import type { OriginAnswer } from './origin.ts';

export function failed(code: ErrorCode, message: string, retryAfterMs: number | null = null): OriginAnswer {
  return { kind: 'failed', error: new TanistError(code, message), retryAfterMs };
}

/** What was thrown on the way to an origin: never rethrown, never with more than its own message. */
export function failedBy(thrown: unknown, signal: AbortSignal): OriginAnswer {
  if (thrown instanceof TanistError) return { kind: 'failed', error: thrown, retryAfterMs: null };
  if (signal.aborted) return failed('origin-slow', 'the origin did not answer in time');
  const error = asError(thrown);
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = (cause as { readonly code?: unknown }).code;
  return failed(
    'origin-unreachable',
    `the origin cannot be reached: ${typeof code === 'string' ? code : cause.message}`,
  );
}

/** Text as JSON, or as it is. Fails as `origin-unreadable`. */
export function parsed(text: string, how: 'json' | 'text'): unknown {
  if (how === 'text') return text.trimEnd();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TanistError(
      'origin-unreadable',
      `the origin's answer is not JSON: it begins ${JSON.stringify(text.slice(0, 40))}`,
    );
  }
}
