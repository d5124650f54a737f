import { type NodeId, nodeId } from '../../foundation/ids.ts';
import { WireReader } from '../parts/wire-reader.ts';
import { WireWriter } from '../parts/wire-writer.ts';

/** How far a scrub is; `done`: it is over, and `faults` are what it found. */
export interface ScrubProgress {
  readonly node: NodeId;
  readonly bytes: number;
  readonly totalBytes: number;
  readonly done: boolean;
  readonly faults: readonly string[];
}

export function encodeScrubProgress({ node, bytes, totalBytes, done, faults }: ScrubProgress): Buffer {
  const writer = new WireWriter(128);
  writer.uint(1, bytes);
  writer.uint(2, totalBytes);
  writer.bool(3, done);
  for (const fault of faults) writer.textAlways(4, fault);
  writer.text(5, node);
  return writer.finish();
}

export function decodeScrubProgress(message: Uint8Array): ScrubProgress {
  const reader = new WireReader(message);
  let bytes = 0;
  let totalBytes = 0;
  let done = false;
  const faults: string[] = [];
  let node = '';
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        bytes = reader.uint();
        break;
      case 2:
        totalBytes = reader.uint();
        break;
      case 3:
        done = reader.bool();
        break;
      case 4:
        faults.push(reader.text());
        break;
      case 5:
        node = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  return { node: nodeId(node), bytes, totalBytes, done, faults };
}

export function encodeRepairRequest(id: NodeId): Buffer {
  const writer = new WireWriter(80);
  writer.text(1, id);
  return writer.finish();
}

export function decodeRepairRequest(message: Uint8Array): NodeId {
  const reader = new WireReader(message);
  let id = '';
  while (reader.more()) {
    if (reader.next() === 1) id = reader.text();
    else reader.skip();
  }
  return nodeId(id);
}
