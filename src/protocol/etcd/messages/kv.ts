import {
  type AnySchema,
  bool,
  bytes,
  int,
  lease,
  many,
  message,
  oneOf,
  optional,
  recursive,
  schema,
  union,
} from '../schema.ts';
import { responseHeader } from './header.ts';
import { keyValue } from './keys.ts';

export const rangeRequest = schema('etcdserverpb.RangeRequest', {
  key: bytes(1),
  range_end: bytes(2),
  limit: int(3),
  revision: int(4),
  sort_order: oneOf(5, 'etcdserverpb.RangeRequest_SortOrder', 'NONE', 'ASCEND', 'DESCEND'),
  sort_target: oneOf(6, 'etcdserverpb.RangeRequest_SortTarget', 'KEY', 'VERSION', 'CREATE', 'MOD', 'VALUE'),
  serializable: bool(7),
  keys_only: bool(8),
  count_only: bool(9),
  min_mod_revision: int(10),
  max_mod_revision: int(11),
  min_create_revision: int(12),
  max_create_revision: int(13),
});

export const rangeResponse = schema('etcdserverpb.RangeResponse', {
  header: message(1, responseHeader),
  kvs: many(message(2, keyValue)),
  more: bool(3),
  count: int(4),
});

export const putRequest = schema('etcdserverpb.PutRequest', {
  key: bytes(1),
  value: bytes(2),
  lease: lease(3),
  prev_kv: bool(4),
  ignore_value: bool(5),
  ignore_lease: bool(6),
});

export const putResponse = schema('etcdserverpb.PutResponse', {
  header: message(1, responseHeader),
  prev_kv: message(2, keyValue),
});

export const deleteRangeRequest = schema('etcdserverpb.DeleteRangeRequest', {
  key: bytes(1),
  range_end: bytes(2),
  prev_kv: bool(3),
});

export const deleteRangeResponse = schema('etcdserverpb.DeleteRangeResponse', {
  header: message(1, responseHeader),
  deleted: int(2),
  prev_kvs: many(message(3, keyValue)),
});

export const requestOp = union('etcdserverpb.RequestOp', {
  request_range: message(1, rangeRequest),
  request_put: message(2, putRequest),
  request_delete_range: message(3, deleteRangeRequest),
  request_txn: recursive(4, (): AnySchema => txnRequest),
});

export const responseOp = union('etcdserverpb.ResponseOp', {
  response_range: message(1, rangeResponse),
  response_put: message(2, putResponse),
  response_delete_range: message(3, deleteRangeResponse),
  response_txn: recursive(4, (): AnySchema => txnResponse),
});

export const compare = schema('etcdserverpb.Compare', {
  result: oneOf(1, 'etcdserverpb.Compare_CompareResult', 'EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'),
  target: oneOf(2, 'etcdserverpb.Compare_CompareTarget', 'VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'),
  key: bytes(3),
  version: optional(int(4)),
  create_revision: optional(int(5)),
  mod_revision: optional(int(6)),
  value: optional(bytes(7)),
  lease: optional(lease(8)),
  range_end: bytes(64),
});

export const txnRequest = schema('etcdserverpb.TxnRequest', {
  compare: many(message(1, compare)),
  success: many(message(2, requestOp)),
  failure: many(message(3, requestOp)),
});

export const txnResponse = schema('etcdserverpb.TxnResponse', {
  header: message(1, responseHeader),
  succeeded: bool(2),
  responses: many(message(3, responseOp)),
});

export const compactionRequest = schema('etcdserverpb.CompactionRequest', {
  revision: int(1),
  physical: bool(2),
});

export const compactionResponse = schema('etcdserverpb.CompactionResponse', {
  header: message(1, responseHeader),
});
