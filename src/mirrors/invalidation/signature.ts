import { createHmac, timingSafeEqual } from 'node:crypto';
import { TanistError } from '../../foundation/errors.ts';

/** A signed moment further from ours than this is a replay. */
const windowMs = 5 * 60_000;

export interface SignedRequest {
  readonly body: Uint8Array;
  /** `sha256=` and 64 hexadecimal digits. */
  readonly signature: string | undefined;
  /** ms since 1970, as it was signed; absent: the body alone was signed, as GitHub and others do. */
  readonly timestamp: string | undefined;
}

export function signatureOf(secret: string, body: Uint8Array, timestamp?: string): string {
  const hmac = createHmac('sha256', secret);
  if (timestamp !== undefined) hmac.update(`${timestamp}.`);
  return `sha256=${hmac.update(body).digest('hex')}`;
}

/** Fails as `signature-invalid`. Takes as long for a wrong signature as for a right one. */
export function verifySignature(
  secret: string,
  { body, signature, timestamp }: SignedRequest,
  nowMs: number,
): void {
  const expected = Buffer.from(signatureOf(secret, body, timestamp));
  const given = Buffer.from(signature ?? '');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new TanistError(
      'signature-invalid',
      "the event's signature is missing or wrong: sign the body with the shared secret (HMAC-SHA256)",
    );
  if (timestamp !== undefined && !(Math.abs(nowMs - Number(timestamp)) <= windowMs))
    throw new TanistError(
      'signature-invalid',
      "the event's timestamp is more than 5 minutes off: check the clocks",
    );
}
