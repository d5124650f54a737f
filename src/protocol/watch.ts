import { type ByteString, emptyBytes } from '../foundation/bytes.ts';
import type { TanistError } from '../foundation/errors.ts';
import { type Revision, revision } from '../foundation/ids.ts';
import { type KeyValue, type Space, type StateDelta, spaces } from '../ports/delta.ts';
import type { ClientKeyValue, WatchEvent } from '../ports/state-client.ts';
import { readFailure, writeFailure } from './parts/failure.ts';
import { readClientKeyValue, spaceCode, writeKeyValue } from './parts/key-value.ts';
import { malformed, WireReader } from './parts/wire-reader.ts';
import { WireWriter } from './parts/wire-writer.ts';

export type WatchRequest =
  | {
      readonly kind: 'create';
      /** The client's, unique in the stream. */
      readonly id: number;
      readonly space: Space;
      readonly key: ByteString;
      readonly rangeEnd: ByteString;
      /** 0: from the present on. */
      readonly fromRevision: Revision;
      readonly previous: boolean;
      /** The latest value of each key is enough: a warm replica that holds them serves it, too. */
      readonly latest?: boolean;
    }
  | { readonly kind: 'cancel'; readonly id: number }
  /** A bookmark, once everything up to the present has been sent. */
  | { readonly kind: 'progress'; readonly id: number };

/** What a client reads. `created`: the first reply to a create; `failure`: the watch has ended. */
export interface WatchReply {
  readonly id: number;
  /** Everything up to here has been sent. */
  readonly revision: Revision;
  readonly events: readonly WatchEvent[];
  readonly failure: TanistError | null;
  readonly created: boolean;
}

const eventTypes: readonly WatchEvent['type'][] = ['put', 'delete'];

export function encodeWatchRequest(request: WatchRequest): Buffer {
  const writer = new WireWriter(64);
  if (request.kind === 'create') {
    const mark = writer.begin(1, 64);
    writer.uint(1, request.id);
    writer.uint(2, spaceCode(request.space));
    writer.bytes(3, request.key);
    writer.bytes(4, request.rangeEnd);
    writer.uint(5, request.fromRevision);
    writer.bool(6, request.previous);
    writer.bool(7, request.latest ?? false);
    writer.end(mark);
  } else {
    const mark = writer.begin(request.kind === 'cancel' ? 2 : 3);
    writer.uint(1, request.id);
    writer.end(mark);
  }
  return writer.finish();
}

export function decodeWatchRequest(bytes: Uint8Array): WatchRequest {
  const reader = new WireReader(bytes);
  let request: WatchRequest | null = null;
  while (reader.more()) {
    const field = reader.next();
    if (field === 1 || field === 2 || field === 3) request = readWatch(reader, field);
    else reader.skip();
  }
  if (request === null) throw malformed('a watch request that this version does not know');
  return request;
}

function readWatch(reader: WireReader, requestField: 1 | 2 | 3): WatchRequest {
  let id = 0;
  let space: Space = 'user';
  let key = emptyBytes;
  let rangeEnd = emptyBytes;
  let fromRevision = 0;
  let previous = false;
  let latest = false;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint();
        break;
      case 2:
        space = reader.oneOf(spaces);
        break;
      case 3:
        key = reader.bytes();
        break;
      case 4:
        rangeEnd = reader.bytes();
        break;
      case 5:
        fromRevision = reader.uint();
        break;
      case 6:
        previous = reader.bool();
        break;
      case 7:
        latest = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (requestField === 2) return { kind: 'cancel', id };
  if (requestField === 3) return { kind: 'progress', id };
  return {
    kind: 'create',
    id,
    space,
    key,
    rangeEnd,
    fromRevision: revision(fromRevision),
    previous,
    ...(latest ? { latest } : {}),
  };
}

/** `previous`: what the key was before, where the watch asked for it. All events of a revision are in one reply. */
export function encodeWatchReply(reply: {
  readonly id: number;
  readonly revision: Revision;
  readonly events: readonly { readonly delta: StateDelta; readonly previous: KeyValue | null }[];
  readonly failure: TanistError | null;
  readonly created: boolean;
}): Buffer {
  let bound = 32;
  for (const { delta, previous } of reply.events) {
    bound += delta.key.length + delta.value.length + 64;
    if (previous !== null) bound += previous.key.length + previous.value.length + 48;
  }
  const writer = new WireWriter(bound);
  writer.uint(1, reply.id);
  writer.uint(2, reply.revision);
  for (const { delta, previous } of reply.events) writeEvent(writer, delta, previous);
  if (reply.failure !== null) writeFailure(writer, 4, reply.failure);
  writer.bool(5, reply.created);
  return writer.finish();
}

/** As one of a reply's `events`, so that many replies can share it. */
export function encodeWatchEvent(delta: StateDelta, previous: KeyValue | null): Buffer {
  const bound = delta.key.length + delta.value.length + 80;
  const writer = new WireWriter(
    bound + (previous === null ? 0 : previous.key.length + previous.value.length + 48),
  );
  writeEvent(writer, delta, previous);
  return writer.finish();
}

function writeEvent(writer: WireWriter, delta: StateDelta, previous: KeyValue | null): void {
  const mark = writer.begin(3, delta.key.length + delta.value.length + 24);
  if (delta.op === 'delete') writer.uint(1, 1);
  const inner = writer.begin(2, delta.key.length + delta.value.length + 16);
  writer.bytes(1, delta.key);
  writer.bytes(2, delta.value);
  writer.uint(3, delta.createRevision);
  writer.uint(4, delta.revision);
  writer.uint(5, delta.version);
  writer.uint64(6, delta.lease);
  writer.end(inner);
  if (previous !== null) writeKeyValue(writer, 3, previous);
  writer.end(mark);
}

export function decodeWatchReply(bytes: Uint8Array): WatchReply {
  const reader = new WireReader(bytes);
  let id = 0;
  let at = 0;
  const events: WatchEvent[] = [];
  let failure: TanistError | null = null;
  let created = false;
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        id = reader.uint();
        break;
      case 2:
        at = reader.uint();
        break;
      case 3:
        events.push(readEvent(reader));
        break;
      case 4:
        failure = readFailure(reader);
        break;
      case 5:
        created = reader.bool();
        break;
      default:
        reader.skip();
    }
  }
  return { id, revision: revision(at), events, failure, created };
}

function readEvent(reader: WireReader): WatchEvent {
  let type: WatchEvent['type'] = 'put';
  let keyValue: ClientKeyValue | null = null;
  let previous: ClientKeyValue | null = null;
  const outer = reader.enter();
  while (reader.more()) {
    switch (reader.next()) {
      case 1:
        type = reader.oneOf(eventTypes);
        break;
      case 2:
        keyValue = readClientKeyValue(reader);
        break;
      case 3:
        previous = readClientKeyValue(reader);
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  if (keyValue === null) throw malformed('an event without a key');
  return previous === null ? { type, keyValue } : { type, keyValue, previous };
}
