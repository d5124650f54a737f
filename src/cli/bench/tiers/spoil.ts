import { open, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Random } from '../../../foundation/random.ts';

/** A bit of a file of a node that is down. */
export interface FlippedBit {
  /** `log/*.ldb`, `warm/MANIFEST-*`, `role.json`. */
  readonly kind: string;
  /** File, byte and size, for the report. */
  readonly place: string;
  /** Flips it once more. */
  back(): Promise<void>;
}

/** The kinds of files that are not empty below the folder, in order. */
export async function fileKinds(folder: string): Promise<readonly string[]> {
  const files = await filesBelow(folder);
  return [...new Set(files.map(({ kind }) => kind))].sort();
}

/** What the node has set aside as evidence of damage: names in its folder. */
export async function evidenceIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.includes('.evidence')).sort();
}

/** Null: there is no such file any more. */
export async function flipBit(folder: string, kind: string, random: Random): Promise<FlippedBit | null> {
  const files = (await filesBelow(folder)).filter((file) => file.kind === kind);
  if (files.length === 0) return null;
  const { path, size } = random.pick(files);
  const at = random.below(size);
  const mask = 1 << random.below(8);
  await flip(path, at, mask);
  return {
    kind,
    place: `${relative(folder, path)}, byte ${at} of ${size}`,
    back: () => flip(path, at, mask),
  };
}

async function flip(path: string, at: number, mask: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    await file.write(Uint8Array.of(byte.readUInt8(0) ^ mask), 0, 1, at);
  } finally {
    await file.close();
  }
}

interface Found {
  readonly path: string;
  readonly kind: string;
  readonly size: number;
}

async function filesBelow(folder: string): Promise<readonly Found[]> {
  const found: Found[] = [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // What is set aside is nobody's any more.
    if (relative(folder, path).includes('.evidence')) continue;
    const file = await open(path, 'r');
    const { size } = await file.stat();
    await file.close();
    if (size > 0) found.push({ path, size, kind: kindOf(relative(folder, path)) });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Numbers in names are no kinds of their own. */
export function kindOf(path: string): string {
  return path.replaceAll(/\d+/g, '*');
}
