import type { KeyValue } from '../../../ports/delta.ts';
import type { keyValue } from '../../../protocol/etcd/messages/keys.ts';
import type { Message } from '../../../protocol/etcd/schema.ts';

export function etcdKeyValue(value: KeyValue): Message<typeof keyValue> {
  return {
    key: value.key,
    create_revision: value.createRevision,
    mod_revision: value.modRevision,
    version: value.version,
    value: value.value,
    lease: value.lease,
  };
}
