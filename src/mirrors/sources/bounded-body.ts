import { TanistError } from '../../foundation/errors.ts';

/** The body as text; one byte above the bound it is let go, whatever length was announced. Fails as `origin-too-large`. */
export async function boundedBody(response: Response, maxBytes: number): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

export function tooLarge(maxBytes: number): TanistError {
  return new TanistError(
    'origin-too-large',
    `the origin's answer is larger than ${maxBytes} bytes (maxBytes of the source)`,
  );
}
