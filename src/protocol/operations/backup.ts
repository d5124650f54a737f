import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

/** A piece of a backup; `totalBytes`: about how many there will be in all. */
export interface BackupChunk {
  readonly data: Uint8Array;
  readonly totalBytes: number;
}

export function encodeBackupChunk({ data, totalBytes }: BackupChunk): Buffer {
  const writer = new WireWriter(data.length + 24);
  writer.raw(1, data);
  writer.uint(2, totalBytes);
  return writer.finish();
}

export function decodeBackupChunk(bytes: Uint8Array): BackupChunk {
  const reader = new WireReader(bytes);
  let data: Uint8Array = new Uint8Array(0);
  let totalBytes = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        data = reader.view();
        break;
      case 2:
        totalBytes = reader.uint();
        break;
      default:
        reader.skip();
    }
  }
  return { data, totalBytes };
}
