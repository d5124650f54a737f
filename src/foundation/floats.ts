import { endianness } from 'node:os';
import { asBuffer } from './bytes.ts';

const floatBytes = 4;
/** Numbers in files and messages are little-endian, whatever the machine. */
const swaps = endianness() === 'BE';

/** As float32, little-endian. In one copy: thousands of writes of a number each hold the event loop while the code is not compiled yet. */
export function bytesOfFloats({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  const bytes = Buffer.from(asBuffer(new Uint8Array(buffer, byteOffset, byteLength)));
  return swaps ? bytes.swap32() : bytes;
}

/** A copy, of bytes of any alignment; their number is a multiple of four. */
export function floatsOfBytes(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(bytes.length / floatBytes);
  const own = Buffer.from(floats.buffer);
  own.set(bytes);
  if (swaps) own.swap32();
  return floats;
}

/** Index of the first that is NaN or infinite; −1: all are finite. */
export function notFinite(floats: Float32Array): number {
  return floats.findIndex((each) => !Number.isFinite(each));
}

/** As float64, little-endian. */
export function bytesOfDoubles({ buffer, byteOffset, byteLength }: Float64Array): Buffer {
  const bytes = Buffer.from(asBuffer(new Uint8Array(buffer, byteOffset, byteLength)));
  return swaps ? bytes.swap64() : bytes;
}

/** A copy, of bytes of any alignment; their number is a multiple of eight. */
export function doublesOfBytes(bytes: Uint8Array): Float64Array<ArrayBuffer> {
  const doubles = new Float64Array(bytes.length / Float64Array.BYTES_PER_ELEMENT);
  const own = Buffer.from(doubles.buffer);
  own.set(bytes);
  if (swaps) own.swap64();
  return doubles;
}
