import { createHash } from 'node:crypto';
import type { DatabaseRow } from '../../ports/database.ts';
import type { IsHeld } from '../../ports/image-store.ts';
import { damaged, isSealed } from '../record-codec.ts';
import { type ChunkHeader, chunkPrefix, readChunkHeader } from './chunk-codec.ts';
import { emptySums, sumChunks } from './chunk-index.ts';
import type { Meta } from './image-records.ts';
import { leanChunk, leanKey } from './lean-chunk.ts';
import { FrameWriter } from './snapshot-frames.ts';

export interface OutgoingRows {
  /** Which store, for messages. */
  readonly place: string;
  readonly rows: AsyncIterator<readonly DatabaseRow[]>;
  readonly meta: Meta;
  readonly wanted: (key: string) => boolean;
  /** Absent: all is sent. */
  readonly isHeld: IsHeld | undefined;
  readonly nextTurn: () => Promise<void>;
}

/** Damage of our own is not sent on: nobody could use it, and this node has to hear of it. */
export async function* framesOf(outgoing: OutgoingRows): AsyncGenerator<Uint8Array> {
  const { place, rows, meta, wanted, isHeld, nextTurn } = outgoing;
  const writer = new FrameWriter();
  const hash = isHeld === undefined ? null : createHash('sha256');
  let found = emptySums;
  for (let step = await rows.next(); step.done !== true; step = await rows.next()) {
    for (const row of step.value) {
      if (!wanted(row.key)) continue;
      if (!isSealed(row.key, row.value)) throw damaged(place, `the checksum of record ${row.key} is wrong`);
      const header = headerOf(row);
      if (header !== null) found = sumChunks(found, [header], 1);
      hash?.update(row.key, 'latin1').update(row.value);
      yield* writer.row(isHeld === undefined || header === null ? row : lean(row, header, isHeld));
      if (isHeld !== undefined) await nextTurn();
    }
  }
  if (JSON.stringify(found) !== JSON.stringify(meta.chunks)) throw damaged(place, 'chunks are gone');
  yield* writer.end(meta, hash?.digest('hex'));
}

function headerOf({ key, value }: DatabaseRow): ChunkHeader | null {
  return key.startsWith(chunkPrefix) ? readChunkHeader(key, value) : null;
}

function lean(row: DatabaseRow, header: ChunkHeader, isHeld: IsHeld): DatabaseRow {
  const value = leanChunk(header, row.value, isHeld);
  return value === null ? row : { key: leanKey(row.key), value };
}
