import type { ServerWritableStream } from '@grpc/grpc-js';
import { type ByteString, emptyBytes, prefixEnd } from '../../../foundation/bytes.ts';
import { revision } from '../../../foundation/ids.ts';
import type { KeyValue } from '../../../ports/delta.ts';
import { decodeMessage, encodeMessage } from '../../../protocol/etcd/codec.ts';
import { leaderRequest, leaderResponse } from '../../../protocol/etcd/messages/election.ts';
import { keyValueOf } from '../../../state/mvcc/older-range.ts';
import type { WatchShare } from '../../streams/watch-shares.ts';
import { endOfStream, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { changes } from '../lock/changes.ts';
import { type Found, find, firstCreated } from '../lock/reading.ts';
import { prefixOf } from '../lock/waiting-line.ts';
import type { RequiredLeader } from '../watch/required-leader.ts';
import { etcdKeyValue } from './etcd-key-value.ts';

/** Tells who leads and everything it proclaims, in the client's time, until the client goes. */
export function observe(
  face: EtcdFace,
  required: RequiredLeader,
  share: WatchShare,
  call: ServerWritableStream<Buffer, Buffer>,
): void {
  let forget: () => void = () => {};
  const over = new AbortController();
  const gone = over.signal;
  gone.addEventListener('abort', () => forget());
  // After an error the client need not cancel.
  for (const ending of ['cancelled', 'error']) call.once(ending, () => over.abort());
  const fail = (error: unknown): void => {
    if (!gone.aborted) call.emit('error', endOfStream(error));
  };
  try {
    forget = required.watch(call.metadata, () => fail(etcdError('noLeader')));
    const { name } = decodeMessage(leaderRequest, call.request);
    const tell = (value: KeyValue, at: number): Promise<void> => {
      const header = { ...face.header(), revision: at };
      return written(call, gone, encodeMessage(leaderResponse, { header, kv: etcdKeyValue(value) }));
    };
    if (share.isUsedUp) throw etcdError('tooManyRequests');
    share.add(1);
    follow(face, prefixOf(name), gone, tell)
      .catch(fail)
      .finally(() => share.add(-1));
  } catch (error) {
    fail(error);
  }
}

async function follow(
  face: EtcdFace,
  prefix: ByteString,
  gone: AbortSignal,
  tell: (value: KeyValue, at: number) => Promise<void>,
): Promise<void> {
  while (!gone.aborted) {
    const found = await find(face, firstCreated(prefix));
    const leading = found.value === null ? await firstPut(face, prefix, found, gone) : found;
    if (leading === null || leading.value === null || gone.aborted) continue;
    await tell(leading.value, leading.revision);
    const request = {
      space: 'user',
      key: leading.value.key,
      rangeEnd: emptyBytes,
      fromRevision: revision(leading.revision + 1),
      previous: false,
    } as const;
    for await (const { delta } of changes(face.node, request, gone)) {
      if (delta.op === 'delete') break;
      await tell(keyValueOf(delta), delta.revision);
    }
  }
}

/** Null: the watch ended. */
async function firstPut(
  face: EtcdFace,
  prefix: ByteString,
  found: Found,
  gone: AbortSignal,
): Promise<Found | null> {
  const request = {
    space: 'user',
    key: prefix,
    rangeEnd: prefixEnd(prefix),
    fromRevision: revision(found.revision + 1),
    previous: false,
  } as const;
  for await (const { delta } of changes(face.node, request, gone))
    if (delta.op === 'put') return { revision: delta.revision, value: keyValueOf(delta) };
  return null;
}

/** Resolves when the client has taken it, or is gone. */
function written(
  call: ServerWritableStream<Buffer, Buffer>,
  gone: AbortSignal,
  bytes: Buffer,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gone.removeEventListener('abort', done);
      resolve();
    };
    gone.addEventListener('abort', done);
    call.write(bytes, done);
  });
}
