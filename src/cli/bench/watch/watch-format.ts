import { byteString, emptyBytes } from '../../../foundation/bytes.ts';
import { revision } from '../../../foundation/ids.ts';
import { encodeMessage } from '../../../protocol/etcd/codec.ts';
import { watchRequest } from '../../../protocol/etcd/messages/watch.ts';
import { watchMethods } from '../../../protocol/etcd/methods.ts';
import { tanistService } from '../../../protocol/services.ts';
import { encodeWatchRequest } from '../../../protocol/watch.ts';

/** How one API says what a measurement needs of watches. */
export interface WatchFormat {
  readonly path: string;
  create(id: number, key: Uint8Array): Buffer;
  /** True: the answer to `create`. Else `event` is called with where the value of each event begins in the message. */
  read(message: Buffer, event: (valueAt: number) => void): boolean;
}

export const etcdFormat: WatchFormat = {
  path: watchMethods.watch.path,
  create: (id, key) =>
    encodeMessage(watchRequest, { create_request: { key: byteString(key), watch_id: id + 1 } }),
  read: (message, event) => readReply(message, { created: 3, event: 11, value: 5 }, event),
};

export const nativeFormat: WatchFormat = {
  path: tanistService.watch.path,
  create: (id, key) =>
    encodeWatchRequest({
      kind: 'create',
      id: id + 1,
      space: 'user',
      key: byteString(key),
      rangeEnd: emptyBytes,
      fromRevision: revision(0),
      previous: false,
    }),
  read: (message, event) => readReply(message, { created: 5, event: 3, value: 2 }, event),
};

/** Field numbers; that of the key and value within an event is 2 in both. */
interface Fields {
  readonly created: number;
  readonly event: number;
  readonly value: number;
}

function readReply(message: Buffer, fields: Fields, event: (valueAt: number) => void): boolean {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const tag = varint(message, cursor);
    const value = varint(message, cursor);
    if ((tag & 7) === 0) {
      if (value !== 0 && tag >> 3 === fields.created) return true;
      continue;
    }
    const end = cursor.at + value;
    if (tag >> 3 === fields.event && enter(message, cursor, 2) && enter(message, cursor, fields.value))
      event(cursor.at);
    cursor.at = end;
  }
  return false;
}

/** To where this field begins in the message in hand, which has it. */
function enter(message: Buffer, cursor: { at: number }, field: number): boolean {
  while (cursor.at < message.length) {
    const tag = varint(message, cursor);
    const value = varint(message, cursor);
    if (tag >> 3 === field) return true;
    if ((tag & 7) === 2) cursor.at += value;
  }
  return false;
}

function varint(message: Buffer, cursor: { at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = message[cursor.at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
