import { bytes, int, lease, message, oneOf, schema } from '../schema.ts';

export const keyValue = schema('mvccpb.KeyValue', {
  key: bytes(1),
  create_revision: int(2),
  mod_revision: int(3),
  version: int(4),
  value: bytes(5),
  lease: lease(6),
});

export const event = schema('mvccpb.Event', {
  type: oneOf(1, 'mvccpb.Event_EventType', 'PUT', 'DELETE'),
  kv: message(2, keyValue),
  prev_kv: message(3, keyValue),
});
