import type { ServerWritableStream } from '@grpc/grpc-js';
import { WireWriter } from '../../../protocol/parts/wire-writer.ts';
import type { BackupStreams } from '../../services/backup-stream.ts';
import { caughtAsEtcdError } from '../etcd-error.ts';

/**
 * A backup as etcd's snapshot: blobs that make up the file, the last one the sha256 of all before. What is in it is Tanist's own format:
 * `tanist restore` takes it, not etcd.
 */
export function streamSnapshot(backups: BackupStreams, call: ServerWritableStream<Buffer, Buffer>): void {
  void backups.stream(call, encodeSnapshot, caughtAsEtcdError);
}

/** `etcdserverpb.SnapshotResponse`, past the codec: blobs stay bytes. */
function encodeSnapshot(blob: Uint8Array, remainingBytes: number): Buffer {
  const writer = new WireWriter(blob.length + 24);
  writer.uint(2, remainingBytes);
  writer.raw(3, blob);
  return writer.finish();
}
