import { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Database, DatabaseRow } from '../../ports/database.ts';
import { spaces } from '../../ports/delta.ts';
import type { ImageCursor, ImageScrub } from '../../ports/image-store.ts';
import { isSealed } from '../record-codec.ts';
import {
  type ChunkHeader,
  chunkEnd,
  chunkKey,
  chunkPrefix,
  chunksPrefix,
  readChunkHeader,
} from './chunk-codec.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { ChunkSource } from './history.ts';
import { allEnd, formatKey, metaKey } from './image-records.ts';

export interface ScrubStep extends ImageScrub {
  readonly chunks: readonly ChunkSource[];
}

/**
 * Reads rows from `from` on. Chunks are to be exactly those of the index, so that one which vanished, or came back from the dead, shows as
 * one that changed does; of the records only the checksums are looked at.
 */
export async function scrubStep(
  database: Database,
  index: ChunkIndex,
  from: ImageCursor,
  budgetBytes: number,
): Promise<ScrubStep> {
  const expected = expectedFrom(index, from);
  const chunks: ChunkSource[] = [];
  let bytes = 0;
  let next: string | null = null;
  const ended = (fault: string | null): ScrubStep => ({
    bytes,
    next: fault === null ? next : null,
    fault,
    chunks,
  });
  try {
    rows: for await (const rows of database.scan(
      from === '' ? chunkPrefix : from,
      allEnd,
      Math.min(budgetBytes, 256 * 1024),
    )) {
      for (const row of rows) {
        if (bytes >= budgetBytes) {
          next = row.key;
          break rows;
        }
        bytes += row.key.length + row.value.length;
        if (row.key >= chunkEnd) {
          if (!isSealed(row.key, row.value)) return ended(`the checksum of record ${row.key} is wrong`);
          continue;
        }
        const header = expected.next().value;
        const fault = faultOf(row, header);
        if (fault !== null || header === undefined) return ended(fault ?? 'a chunk too many');
        chunks.push({ header, value: row.value });
      }
    }
    const missing = next === null || next >= chunkEnd ? expected.next().value : undefined;
    if (missing !== undefined) return ended(`record ${chunkKey(missing.space, missing.first)} is gone`);
    if (next === null) return ended(await faultInOthers(database));
    return ended(null);
  } catch (error) {
    // LevelDB itself could not make sense of it.
    if (error instanceof TanistError && error.code === 'data-damaged') return ended(error.message);
    throw error;
  }
}

function faultOf({ key, value }: DatabaseRow, expected: ChunkHeader | undefined): string | null {
  const wanted = expected === undefined ? null : chunkKey(expected.space, expected.first);
  if (wanted !== null && wanted < key) return `record ${wanted} is gone`;
  if (wanted !== key) return `record ${key} should not be there`;
  const header = readChunkHeader(key, value);
  if (header === null) return `the checksum of record ${key} is wrong`;
  const same =
    header.last === expected?.last && header.count === expected.count && header.bytes === expected.bytes;
  return same ? null : `record ${key} is not the one that was written`;
}

async function faultInOthers(database: Database): Promise<string | null> {
  for (const key of [formatKey, metaKey]) {
    const value = await database.get(key);
    // An image that was never written has no `meta`.
    if (value === undefined && key === metaKey) continue;
    if (value === undefined || !isSealed(key, value)) return `record ${key} is gone or its checksum is wrong`;
  }
  return null;
}

/** One at a time: there may be many, and a step looks at few. */
function* expectedFrom(index: ChunkIndex, from: ImageCursor): Generator<ChunkHeader, undefined> {
  for (const space of spaces) {
    const list = index.of(space);
    const prefix = chunksPrefix(space);
    let at = 0;
    if (from.startsWith(prefix)) {
      const revision = Number.parseInt(from.slice(prefix.length), 16);
      at = index.positionOf(space, revision);
      // Since the step before, chunks on both sides of its end may have become one, which begins before it.
      if ((list[at]?.first ?? revision) < revision && mutant.active !== 'scrub-expects-what-lies-before')
        at += 1;
    } else if (from > prefix) at = list.length;
    for (; at < list.length; at++) yield list[at] as ChunkHeader;
  }
  return undefined;
}
