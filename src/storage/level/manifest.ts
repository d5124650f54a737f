import { asBuffer } from '../../foundation/bytes.ts';

/** What LevelDB's MANIFEST says is in force. */
export interface Manifest {
  /** Write-ahead files with at least this number are replayed at open. */
  logNumber: number;
  /** Table files by number, with their sizes in bytes. */
  readonly tables: Map<number, number>;
}

export function emptyManifest(): Manifest {
  return { logNumber: 0, tables: new Map() };
}

/** Applies one version edit (LevelDB's db/version_edit.cc). False: not understood. */
export function applyVersionEdit(manifest: Manifest, record: Uint8Array): boolean {
  const bytes = asBuffer(record);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  const text = (): void => {
    const length = varint();
    at += length;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === 1) text();
    else if (tag === 2) manifest.logNumber = varint();
    else if (tag === 3 || tag === 4 || tag === 9) varint();
    else if (tag === 5) {
      varint();
      text();
    } else if (tag === 6) {
      varint();
      manifest.tables.delete(varint());
    } else if (tag === 7) {
      varint();
      const number = varint();
      manifest.tables.set(number, varint());
      text();
      text();
    } else return false;
  }
  return at === bytes.length;
}
