import { promisify } from 'node:util';
import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import { limits } from '../../foundation/limits.ts';
import type { StreamPart } from '../../ports/replication.ts';
import { decodeParts, encodeDeflated, encodeParts } from '../../protocol/replication/parts.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Smaller messages gain too little. */
const leastBytes = 1024;
const fastest = { level: constants.Z_BEST_SPEED } as const;

/** One message. Compression runs in another thread. */
export async function packParts(parts: readonly StreamPart[]): Promise<Buffer> {
  const plain = encodeParts(parts);
  if (plain.length < leastBytes) return plain;
  const deflated = encodeDeflated(await deflate(plain, fastest));
  return deflated.length < plain.length ? deflated : plain;
}

/** Fails with `invalid-argument`, or zlib's error, on anything else. */
export async function unpackParts(message: Uint8Array): Promise<readonly StreamPart[]> {
  const { parts, deflated } = decodeParts(message);
  if (deflated === null) return parts;
  return decodeParts(await inflate(deflated, { maxOutputLength: 4 * limits.messageBytes })).parts;
}
