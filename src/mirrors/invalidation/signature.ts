import { createHmac, timingSafeEqual } from 'node:crypto';
import { TanistError } from '../../foundation/errors.ts';

/** A signed moment further from ours than this is a replay. */
export const windowMs = 5 * 60_000;

/** What is signed: an event of another address or moment is another text. */
export interface SignedEvent {
  /** As it is sent, `/invalidate/SOURCE/KEY`, without what follows a `?`. */
  readonly path: string;
  /** ms since 1970. */
  readonly timestamp: string;
  readonly body: Uint8Array;
}

/** `sha256=` and the HMAC-SHA256, in hexadecimal digits, of `tanist-event`, `POST PATH`, TIMESTAMP, a line each, and the body. */
export function signatureOf(secret: string, { path, timestamp, body }: SignedEvent): string {
  return signed(secret, `tanist-event\nPOST ${path}\n${timestamp}\n`, body);
}

/**
 * The secret for senders that sign the body alone (`x-hub-signature-256`: GitHub and others), of one address: what is signed for it is worth nothing at any other.
 * 64 hexadecimal digits: the HMAC-SHA256 of `tanist-hub`, `POST PATH`, a line each.
 */
export function hubSecretOf(secret: string, path: string): string {
  return createHmac('sha256', secret).update(`tanist-hub\nPOST ${path}\n`).digest('hex');
}

/** Fails as `signature-invalid`. */
export function verifyEvent(secret: string, event: SignedEvent, signature: string, nowMs: number): void {
  compare(signatureOf(secret, event), signature);
  if (!(Math.abs(nowMs - Number(event.timestamp)) <= windowMs))
    throw new TanistError(
      'signature-invalid',
      "the event's timestamp is more than 5 minutes off: check the clocks",
    );
}

/** As above, of the body alone. */
export function verifyHub(secret: string, path: string, body: Uint8Array, signature: string): void {
  compare(signed(hubSecretOf(secret, path), '', body), signature);
}

function signed(key: string, head: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', key).update(head).update(body).digest('hex')}`;
}

/** Takes as long for a wrong one as for a right one. */
function compare(right: string, signature: string): void {
  const expected = Buffer.from(right);
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new TanistError(
      'signature-invalid',
      "the event's signature is missing or wrong: sign path, timestamp and body with the shared secret",
    );
}
