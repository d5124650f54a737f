import { bool, bytes, int, many, message, oneOf, schema, text, union } from '../schema.ts';
import { responseHeader } from './header.ts';
import { event } from './keys.ts';

export const watchCreateRequest = schema('etcdserverpb.WatchCreateRequest', {
  key: bytes(1),
  range_end: bytes(2),
  start_revision: int(3),
  progress_notify: bool(4),
  filters: many(oneOf(5, 'etcdserverpb.WatchCreateRequest_FilterType', 'NOPUT', 'NODELETE')),
  prev_kv: bool(6),
  watch_id: int(7),
  fragment: bool(8),
});

export const watchCancelRequest = schema('etcdserverpb.WatchCancelRequest', {
  watch_id: int(1),
});

export const watchProgressRequest = schema('etcdserverpb.WatchProgressRequest', {});

export const watchRequest = union('etcdserverpb.WatchRequest', {
  create_request: message(1, watchCreateRequest),
  cancel_request: message(2, watchCancelRequest),
  progress_request: message(3, watchProgressRequest),
});

export const watchResponse = schema('etcdserverpb.WatchResponse', {
  header: message(1, responseHeader),
  watch_id: int(2),
  created: bool(3),
  canceled: bool(4),
  compact_revision: int(5),
  cancel_reason: text(6),
  fragment: bool(7),
  events: many(message(11, event)),
});
