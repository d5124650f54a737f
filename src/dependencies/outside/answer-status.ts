import type { IncomingMessage } from 'node:http';
import { TanistError } from '../../foundation/errors.ts';

/** Upstream answered, but not with the object. */
export class AnswerStatus extends TanistError {
  readonly status: number;
  /** What upstream asks for; 0: nothing. */
  readonly retryAfterMs: number;

  constructor(url: URL, status: number, retryAfterMs: number) {
    // What may be better a moment later: too many requests, and failures of the server.
    const passes = status === 429 || status >= 500;
    super(passes ? 'upstream-failed' : 'key-not-found', `${url.host} answers ${status} for ${url.pathname}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Fails as `AnswerStatus` unless it is one of these. */
export function expectStatus(response: IncomingMessage, url: URL, ...wanted: readonly number[]): void {
  const status = response.statusCode ?? 0;
  if (wanted.includes(status)) return;
  response.resume();
  const seconds = Number(response.headers['retry-after'] ?? 0);
  throw new AnswerStatus(url, status, Number.isFinite(seconds) ? Math.max(0, 1000 * seconds) : 0);
}
