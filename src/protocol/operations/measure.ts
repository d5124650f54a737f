import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

/** More is not sent, whatever is asked for. */
export const mostMeasuredBytes = 256 * 1024;
const padding = new Uint8Array(mostMeasuredBytes);

/** `bytes`: how many the answer shall carry. */
export function encodeMeasureRequest(bytes: number): Buffer {
  const writer = new WireWriter(16);
  writer.uint(1, bytes);
  return writer.finish();
}

/** The answer to an encoded request. */
export function measureReply(request: Uint8Array): Buffer {
  const reader = new WireReader(request);
  let bytes = 0;
  while (reader.more()) {
    if (reader.next() === 1) bytes = reader.uint();
    else reader.skip();
  }
  const writer = new WireWriter(16);
  writer.raw(1, padding.subarray(0, Math.min(bytes, mostMeasuredBytes)));
  return writer.finish();
}
