import type { KeyValue, StateDelta } from '../../../ports/delta.ts';
import { keyValueBound } from '../../parts/key-value.ts';
import { WireWriter } from '../../parts/wire-writer.ts';
import { type Answering, writeEtcdKeyValue, writeHeader } from '../kv/write-responses.ts';

/** `etcdserverpb.WatchResponse` in fields that stand one after the other, so that many responses can share them. */

export function encodeWatchHeader(answering: Answering, revision: number): Buffer {
  const writer = new WireWriter(44);
  writeHeader(writer, answering, revision);
  return writer.finish();
}

export function encodeWatchId(id: number): Buffer {
  const writer = new WireWriter(11);
  writer.int(2, id);
  return writer.finish();
}

/** The response is one of several that belong together, and not the last. */
export const fragmentField: Buffer = encodeFragment();

/** As one of the response's `events`. */
export function encodeEvent(delta: StateDelta, previous: KeyValue | null): Buffer {
  const bound = delta.key.length + delta.value.length + 80;
  const writer = new WireWriter(bound + (previous === null ? 0 : keyValueBound(previous)));
  const mark = writer.begin(11, bound);
  if (delta.op === 'delete') writer.uint(1, 1);
  writeChanged(writer, delta);
  if (previous !== null) writeEtcdKeyValue(writer, 3, previous);
  writer.end(mark);
  return writer.finish();
}

/** Of a deleted key only itself and the revision. */
function writeChanged(writer: WireWriter, delta: StateDelta): void {
  const mark = writer.begin(2, delta.key.length + delta.value.length + 16);
  writer.bytes(1, delta.key);
  if (delta.op === 'put') writer.uint(2, delta.createRevision);
  writer.uint(3, delta.revision);
  if (delta.op === 'put') {
    writer.uint(4, delta.version);
    writer.bytes(5, delta.value);
    writer.uint64(6, delta.lease);
  }
  writer.end(mark);
}

function encodeFragment(): Buffer {
  const writer = new WireWriter(2);
  writer.bool(7, true);
  return writer.finish();
}
