import type { IncomingMessage } from 'node:http';
import { TanistError } from '../../foundation/errors.ts';

/** Upstream answered, but not with the object. */
export class AnswerStatus extends TanistError {
  readonly status: number;
  /** What upstream asks for; 0: nothing. */
  readonly retryAfterMs: number;

  constructor(url: URL, status: number, retryAfterMs: number) {
    super(
      isPassing(status) ? 'upstream-failed' : 'key-not-found',
      `${url.host} answers ${status} for ${url.pathname}`,
    );
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Fails as `AnswerStatus` unless it is one of these. */
export function expectStatus(response: IncomingMessage, url: URL, ...wanted: readonly number[]): void {
  const status = response.statusCode ?? 0;
  if (wanted.includes(status)) return;
  response.resume();
  throw new AnswerStatus(url, status, retryAfterMs(response));
}

/** What may be better a moment later. */
export const isPassing = (status: number): boolean => status === 429 || status >= 500;

/** What upstream asks for, in seconds or as a date, by its own clock, else by the one here (`wallMs`); 0: nothing. */
export function retryAfterMs(
  { headers }: Pick<IncomingMessage, 'headers'>,
  wallMs: number = Number.NaN,
): number {
  const text = headers['retry-after'] ?? '';
  if (/^\d+$/.test(text)) return 1000 * Number(text);
  const itsMs = Date.parse(headers.date ?? '');
  const nowMs = Number.isNaN(itsMs) ? wallMs : itsMs;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) || Number.isNaN(nowMs) ? 0 : Math.max(0, atMs - nowMs);
}
