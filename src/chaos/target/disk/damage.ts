import { open } from 'node:fs/promises';
import type { StoredFile } from './stored-files.ts';

/** Of the end of a file, at most so much is cut off. */
const mostCutBytes = 16 * 1024;
const chunkBytes = 1024 * 1024;

/** Flips one bit among the first `usedBytes`. Says where. */
export async function flipBitIn(
  { path }: StoredFile,
  usedBytes: number,
  random: () => number,
): Promise<string> {
  const at = Math.floor(random() * usedBytes);
  const bit = Math.floor(random() * 8);
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << bit);
    await file.write(byte, 0, 1, at);
    await file.sync();
  } finally {
    await file.close();
  }
  return `bit ${bit} of byte ${at} of ${path} (${usedBytes} bytes)`;
}

/** Cuts the end off what is used. Says what was cut. */
export async function cutEndOf(
  { path }: StoredFile,
  usedBytes: number,
  random: () => number,
): Promise<string> {
  const cutBytes = 1 + Math.floor(random() * Math.min(usedBytes, mostCutBytes));
  const file = await open(path, 'r+');
  try {
    await file.truncate(usedBytes - cutBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return `the last ${cutBytes} of ${usedBytes} bytes of ${path}`;
}

/** Bytes up to the last that is not zero. */
export async function usedBytesOf({ path, sizeBytes }: StoredFile): Promise<number> {
  const file = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(chunkBytes);
    for (let end = sizeBytes; end > 0; end -= chunkBytes) {
      const from = Math.max(0, end - chunkBytes);
      const { bytesRead } = await file.read(chunk, 0, end - from, from);
      const last = chunk.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0);
      if (last >= 0) return from + last + 1;
    }
    return 0;
  } finally {
    await file.close();
  }
}
