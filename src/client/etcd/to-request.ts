import type {
  Compare,
  DeleteRangeCommand,
  Operation,
  PutCommand,
  RangeRequest,
  TxnCommand,
} from '../../ports/command.ts';
import type {
  compare,
  deleteRangeRequest,
  putRequest,
  rangeRequest,
  requestOp,
  txnRequest,
} from '../../protocol/etcd/messages/kv.ts';
import type { Given } from '../../protocol/etcd/schema.ts';
import type { KeySpace } from './key-space.ts';

const orders = { none: 'NONE', ascend: 'ASCEND', descend: 'DESCEND' } as const;
const targets = {
  key: 'KEY',
  version: 'VERSION',
  create: 'CREATE',
  mod: 'MOD',
  value: 'VALUE',
  lease: 'LEASE',
} as const;
const results = { equal: 'EQUAL', greater: 'GREATER', less: 'LESS', notEqual: 'NOT_EQUAL' } as const;

/** Commands as etcd's API has them, with the keys of a space. */
export function etcdRange(space: KeySpace, range: RangeRequest): Given<typeof rangeRequest> {
  return {
    key: space.key(range.key),
    range_end: space.rangeEnd(range.rangeEnd),
    limit: range.limit,
    revision: range.revision,
    sort_order: orders[range.order],
    sort_target: sortTarget(range),
    keys_only: range.keysOnly,
    count_only: range.countOnly,
    min_mod_revision: range.minModRevision,
    max_mod_revision: range.maxModRevision,
    min_create_revision: range.minCreateRevision,
    max_create_revision: range.maxCreateRevision,
  };
}

function sortTarget({ target }: RangeRequest): Exclude<(typeof targets)[keyof typeof targets], 'LEASE'> {
  return targets[target];
}

export function etcdPut(space: KeySpace, put: PutCommand): Given<typeof putRequest> {
  const { value, lease, previous } = put;
  return { key: space.key(put.key), value, lease, prev_kv: previous };
}

export function etcdDelete(space: KeySpace, command: DeleteRangeCommand): Given<typeof deleteRangeRequest> {
  return {
    key: space.key(command.key),
    range_end: space.rangeEnd(command.rangeEnd),
    prev_kv: command.previous,
  };
}

export function etcdTxn(space: KeySpace, txn: TxnCommand): Given<typeof txnRequest> {
  return {
    compare: txn.compares.map((each) => etcdCompare(space, each)),
    success: txn.success.map((operation) => etcdOperation(space, operation)),
    failure: txn.failure.map((operation) => etcdOperation(space, operation)),
  };
}

function etcdOperation(space: KeySpace, operation: Operation): Given<typeof requestOp> {
  switch (operation.kind) {
    case 'put':
      return { request_put: etcdPut(space, operation) };
    case 'deleteRange':
      return { request_delete_range: etcdDelete(space, operation) };
    case 'range':
      return { request_range: etcdRange(space, operation) };
    case 'txn':
      return { request_txn: etcdTxn(space, operation) };
  }
}

function etcdCompare(space: KeySpace, each: Compare): Given<typeof compare> {
  const head = {
    result: results[each.result],
    target: targets[each.target],
    key: space.key(each.key),
    range_end: space.rangeEnd(each.rangeEnd),
  };
  switch (each.target) {
    case 'version':
      return { ...head, version: each.number };
    case 'create':
      return { ...head, create_revision: each.number };
    case 'mod':
      return { ...head, mod_revision: each.number };
    case 'value':
      return { ...head, value: each.value };
    case 'lease':
      return { ...head, lease: each.lease };
  }
}
