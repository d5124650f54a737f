import { type ClusterTimeMs, clusterTimeMs } from '../../foundation/ids.ts';
import type { Block, CommandBatch } from '../../ports/command.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';
import { readCommandBatch } from './read-command.ts';

/** The payload of a log entry of kind `commands`; the batches go in as the clients encoded them, copied once. */
export function encodeBlock(timeMs: number, encodedBatches: readonly Uint8Array[]): Buffer {
  let size = 11;
  for (const batch of encodedBatches) size += batch.length + 6;
  const writer = new WireWriter(size);
  writer.uint(1, timeMs);
  for (const batch of encodedBatches) writer.rawAlways(2, batch);
  return writer.finish();
}

/** When a block was stamped, without reading what else is in it. */
export function blockTime(payload: Uint8Array): ClusterTimeMs {
  const reader = new WireReader(payload);
  while (reader.more()) {
    if (reader.next() === 1) return clusterTimeMs(reader.uint());
    reader.skip();
  }
  return clusterTimeMs(0);
}

/** Fails with `invalid-argument` on anything else. */
export function decodeBlock(payload: Uint8Array): Block {
  const reader = new WireReader(payload);
  const batches: CommandBatch[] = [];
  let timeMs = 0;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        timeMs = reader.uint();
        break;
      case 2: {
        const outer = reader.enter();
        batches.push(readCommandBatch(reader));
        reader.leave(outer);
        break;
      }
      default:
        reader.skip();
    }
  }
  return { timeMs: clusterTimeMs(timeMs), batches };
}
