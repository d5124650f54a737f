import { type ErrorCode, TanistError } from '../../foundation/errors.ts';
import type { OriginAnswer } from './origin.ts';

export function failed(code: ErrorCode, message: string, retryAfterMs: number | null = null): OriginAnswer {
  return { kind: 'failed', error: new TanistError(code, message), retryAfterMs };
}

/**
 * What was thrown on the way to an origin, never rethrown. What was not written here may quote a secret, and what this says is replicated: of such an
 * error only the code of the system is told.
 */
export function failedBy(thrown: unknown, signal: AbortSignal): OriginAnswer {
  if (thrown instanceof TanistError) return { kind: 'failed', error: thrown, retryAfterMs: null };
  if (signal.aborted) return failed('origin-slow', 'the origin did not answer in time');
  const code = systemCode(thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown);
  return failed('origin-unreachable', `the origin cannot be reached${code === null ? '' : `: ${code}`}`);
}

function systemCode(thrown: unknown): string | null {
  const { code } = Object(thrown) as { readonly code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : null;
}

/** The answer, if it is one: an origin of one's own may answer anything. */
export function checkedAnswer(answer: OriginAnswer): OriginAnswer {
  const { kind, ...rest } = Object(answer) as { readonly kind?: unknown; readonly error?: unknown };
  if (kind === 'content' || kind === 'unchanged' || kind === 'gone') return answer;
  if (kind === 'failed' && rest.error instanceof TanistError) return answer;
  return failed('origin-unreadable', "the origin's code answered with what is no answer");
}

/** Text as JSON, or as it is. Fails as `origin-unreadable`, without a word of the text: it may echo the request. */
export function parsed(text: string, how: 'json' | 'text'): unknown {
  if (how === 'text') return text.trimEnd();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const kind = text.trim() === '' ? 'empty' : /^\s*</.test(text) ? 'HTML or XML' : 'something else';
    throw new TanistError(
      'origin-unreadable',
      `the origin's answer is not JSON: ${Buffer.byteLength(text)} bytes of ${kind}`.replace(
        '0 bytes of ',
        '',
      ),
    );
  }
}
