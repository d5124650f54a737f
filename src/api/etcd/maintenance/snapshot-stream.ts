import type { ServerWritableStream } from '@grpc/grpc-js';
import { WireWriter } from '../../../protocol/parts/wire-writer.ts';
import { streamBackup } from '../../services/backup-stream.ts';
import { caughtAsEtcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';

/**
 * A backup as etcd's snapshot: blobs that make up the file, the last one the sha256 of all before. What is in it is Tanist's own format:
 * `tanist restore` takes it, not etcd.
 */
export function streamSnapshot(face: EtcdFace, call: ServerWritableStream<Buffer, Buffer>): void {
  void streamBackup(face.node, call, encodeSnapshot, caughtAsEtcdError);
}

/** `etcdserverpb.SnapshotResponse`, past the codec: blobs stay bytes. */
function encodeSnapshot(blob: Uint8Array, remainingBytes: number): Buffer {
  const writer = new WireWriter(blob.length + 24);
  writer.uint(2, remainingBytes);
  writer.raw(3, blob);
  return writer.finish();
}
