import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './causes.ts';
import { applyVersionEdit, emptyManifest } from './manifest.ts';
import { walkFraming } from './write-ahead-framing.ts';

export interface Integrity {
  readonly state: 'clean' | 'torn' | 'damaged';
  /** What was found and where; empty when clean. */
  readonly detail: string;
  /** Bytes behind the last whole record. */
  readonly tornBytes: number;
  /** Where a cut would leave a prefix of all writes: first file with a fault, its good bytes, the files after it. */
  readonly cut: { readonly file: string; readonly bytes: number; readonly later: readonly string[] } | null;
}

const clean: Integrity = { state: 'clean', detail: '', tornBytes: 0, cut: null };

/** Looks at the files of a closed LevelDB that it would repair silently: the MANIFEST and the write-ahead files it will replay. Read-only. */
export async function inspectWriteAhead(folder: string): Promise<Integrity> {
  const current = (await ifThere(readFile(join(folder, 'CURRENT'), 'latin1'))) ?? '';
  const manifestName = current.trim();
  const damaged = (detail: string): Integrity => ({ state: 'damaged', detail, tornBytes: 0, cut: null });
  if (manifestName === '') {
    // LevelDB would begin anew, and remove what is there. (It makes CURRENT last, so a first start that was cut off has no tables.)
    const names = (await ifThere(readdir(folder))) ?? [];
    return names.some((name) => /\.(ldb|sst)$/.test(name)) || current !== ''
      ? damaged('CURRENT, which names what is in force, is missing or empty')
      : clean;
  }

  const manifestBytes = await ifThere(readFile(join(folder, manifestName)));
  if (manifestBytes === null) return damaged(`${manifestName}, which CURRENT names, is missing`);
  const manifest = emptyManifest();
  let understood = true;
  const manifestFraming = walkFraming(manifestBytes, (record) => {
    understood = applyVersionEdit(manifest, record) && understood;
  });
  if (manifestFraming.state === 'damaged') return damaged(`${manifestName}: ${manifestFraming.detail}`);
  if (!understood) return damaged(`${manifestName}: an edit that LevelDB does not write`);
  for (const [number, bytes] of manifest.tables) {
    const size = await tableBytes(folder, number);
    if (size !== bytes) return damaged(`table ${number} has ${size ?? 'no'} bytes instead of ${bytes}`);
  }

  const logs = (await readdir(folder))
    .filter((name) => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) >= manifest.logNumber)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  for (const [i, name] of logs.entries()) {
    const bytes = await readFile(join(folder, name));
    const framing = walkFraming(bytes);
    if (framing.state === 'clean') continue;
    const later = logs.slice(i + 1);
    const sizes = await Promise.all(later.map(async (other) => (await stat(join(folder, other))).size));
    const superseded = sizes.some((size) => size > 0);
    return {
      state: framing.state === 'torn' && !superseded ? 'torn' : 'damaged',
      detail: `${name}: ${framing.detail}${superseded ? '; a newer write-ahead file follows it' : ''}`,
      tornBytes: bytes.length - framing.goodBytes,
      cut: { file: name, bytes: framing.goodBytes, later },
    };
  }
  if (manifestFraming.state === 'torn') {
    return { state: 'torn', detail: `${manifestName}: ${manifestFraming.detail}`, tornBytes: 0, cut: null };
  }
  return clean;
}

/** Leaves a prefix of all writes, durably: for a database whose later writes can be done again. */
export async function cutWriteAhead(folder: string, cut: NonNullable<Integrity['cut']>): Promise<void> {
  for (const name of [...cut.later].reverse()) await rm(join(folder, name));
  const file = await open(join(folder, cut.file), 'r+');
  try {
    await file.truncate(cut.bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Rights, links and descriptors: what they keep from being read may well be whole, and taken for damage a whole database would be set aside. */
const notOfTheDisk: readonly string[] = ['EACCES', 'EPERM', 'ELOOP', 'EMFILE', 'ENFILE'];

/** Null: it is not there, or the disk does not give it. */
async function ifThere<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (cause) {
    if (notOfTheDisk.includes(codeOf(cause))) throw cause;
    return null;
  }
}

async function tableBytes(folder: string, number: number): Promise<number | null> {
  const name = String(number).padStart(6, '0');
  for (const extension of ['ldb', 'sst']) {
    const found = await ifThere(stat(join(folder, `${name}.${extension}`)));
    if (found !== null) return found.size;
  }
  return null;
}
