import type { TanistError } from '../../foundation/errors.ts';
import { damagedFile, type FramedKind, readFramed, writeFramed } from './framed-file.ts';

/** A backup: its frames are those of an image (storage/image/snapshot-frames.ts). */
const backupKind: FramedKind = {
  magic: 'TANISTBK',
  format: 1,
  noun: 'backup',
  advice: 'nothing was restored, use another copy',
};

/** What a backup says of itself. `restoreId`: random; the id of a cluster restored from it ends in it, so that its members agree. */
export interface BackupHead {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly restoreId: string;
  readonly index: number;
  readonly term: number;
  readonly timeMs: number;
  /** Of the space `user`. */
  readonly revision: number;
}

export function writeBackup(head: BackupHead, frames: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return writeFramed(backupKind, head, frames);
}

export type BackupPart =
  | { readonly kind: 'head'; readonly head: BackupHead }
  | { readonly kind: 'frame'; readonly frame: Uint8Array; readonly at: number };

/** See `readFramed`. */
export async function* readBackup(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  for await (const part of readFramed(backupKind, bytes))
    yield part.kind === 'head' ? { kind: 'head', head: part.head as BackupHead } : part;
}

export function damagedBackup(at: number, what: string): TanistError {
  return damagedFile(backupKind, at, what);
}
