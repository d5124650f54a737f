import { bytesOf } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { leaseId, type Revision, revision } from '../../foundation/ids.ts';
import type {
  ClientKeyValue,
  ClientOperationAnswer,
  RangeAnswer,
  TxnAnswer,
  WatchEvent,
} from '../../ports/state-client.ts';
import type { responseHeader } from '../../protocol/etcd/messages/header.ts';
import type { event, keyValue } from '../../protocol/etcd/messages/keys.ts';
import type {
  deleteRangeResponse,
  putResponse,
  rangeResponse,
  responseOp,
  txnResponse,
} from '../../protocol/etcd/messages/kv.ts';
import type { Message } from '../../protocol/etcd/schema.ts';
import type { DeleteAnswer, PutAnswer } from '../../protocol/state-client/to-answer.ts';
import type { KeySpace } from './key-space.ts';

/** etcd's responses as answers of the port, with the keys as the space has them. */
export function rangeAnswer(
  space: KeySpace,
  response: Message<typeof rangeResponse>,
  ageMs: number,
): RangeAnswer {
  return { ...rangeOf(space, response), ageMs };
}

export function putAnswer(space: KeySpace, response: Message<typeof putResponse>): PutAnswer {
  const { header, prev_kv: previous } = response;
  return {
    revision: revisionIn(header),
    previous: previous === null ? null : clientKeyValue(space, previous),
  };
}

export function deleteAnswer(space: KeySpace, response: Message<typeof deleteRangeResponse>): DeleteAnswer {
  const { header, deleted, prev_kvs } = response;
  return {
    revision: revisionIn(header),
    deleted,
    previous: prev_kvs.map((each) => clientKeyValue(space, each)),
  };
}

/** `at`: the revision of a nested transaction's answer, which etcd leaves out. */
export function txnAnswer(space: KeySpace, response: Message<typeof txnResponse>, at?: Revision): TxnAnswer {
  const own = at ?? revisionIn(response.header);
  return {
    revision: own,
    succeeded: response.succeeded,
    answers: response.responses.map((each) => operationAnswer(space, each, own)),
  };
}

export function watchEvent(space: KeySpace, found: Message<typeof event>): WatchEvent {
  const { kv, prev_kv: previous } = found;
  if (kv === null) throw new TanistError('not-tanist', 'an event without a key is no event of etcd');
  const type = found.type === 'PUT' ? 'put' : 'delete';
  const keyValue = clientKeyValue(space, kv);
  return previous === null
    ? { type, keyValue }
    : { type, keyValue, previous: clientKeyValue(space, previous) };
}

export function revisionIn(header: Message<typeof responseHeader> | null): Revision {
  return revision(header?.revision ?? 0);
}

function rangeOf(space: KeySpace, response: Message<typeof rangeResponse>): Omit<RangeAnswer, 'ageMs'> {
  return {
    revision: revisionIn(response.header),
    values: response.kvs.map((each) => clientKeyValue(space, each)),
    count: response.count,
    more: response.more,
  };
}

function operationAnswer(
  space: KeySpace,
  response: Message<typeof responseOp>,
  at: Revision,
): ClientOperationAnswer {
  const { response_put: put, response_delete_range: deleted, response_range: range } = response;
  if (put !== null) return { kind: 'put', previous: putAnswer(space, put).previous };
  if (range !== null) return { kind: 'get', ...rangeOf(space, range) };
  if (deleted !== null) {
    const { deleted: count, previous } = deleteAnswer(space, deleted);
    return { kind: 'delete', deleted: count, previous };
  }
  if (response.response_txn === null)
    throw new TanistError('indeterminate', 'the answer of a transaction lacks the answer of an operation');
  return { kind: 'txn', ...txnAnswer(space, response.response_txn as Message<typeof txnResponse>, at) };
}

function clientKeyValue(space: KeySpace, found: Message<typeof keyValue>): ClientKeyValue {
  return {
    key: bytesOf(space.own(found.key)),
    value: bytesOf(found.value),
    createRevision: revision(found.create_revision),
    modRevision: revision(found.mod_revision),
    version: found.version,
    lease: leaseId(found.lease),
  };
}
