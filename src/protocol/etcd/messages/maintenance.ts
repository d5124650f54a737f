import { bool, bytes, id, int, many, message, oneOf, schema, text } from '../schema.ts';
import { responseHeader } from './header.ts';

export const hashRequest = schema('etcdserverpb.HashRequest', {});

export const hashResponse = schema('etcdserverpb.HashResponse', {
  header: message(1, responseHeader),
  hash: int(2),
});

export const hashKVRequest = schema('etcdserverpb.HashKVRequest', {
  revision: int(1),
});

export const hashKVResponse = schema('etcdserverpb.HashKVResponse', {
  header: message(1, responseHeader),
  hash: int(2),
  compact_revision: int(3),
});

export const snapshotRequest = schema('etcdserverpb.SnapshotRequest', {});

export const snapshotResponse = schema('etcdserverpb.SnapshotResponse', {
  header: message(1, responseHeader),
  remaining_bytes: int(2),
  blob: bytes(3),
});

export const defragmentRequest = schema('etcdserverpb.DefragmentRequest', {});

export const defragmentResponse = schema('etcdserverpb.DefragmentResponse', {
  header: message(1, responseHeader),
});

export const moveLeaderRequest = schema('etcdserverpb.MoveLeaderRequest', {
  targetID: id(1),
});

export const moveLeaderResponse = schema('etcdserverpb.MoveLeaderResponse', {
  header: message(1, responseHeader),
});

export const alarmRequest = schema('etcdserverpb.AlarmRequest', {
  action: oneOf(1, 'etcdserverpb.AlarmRequest_AlarmAction', 'GET', 'ACTIVATE', 'DEACTIVATE'),
  memberID: id(2),
  alarm: oneOf(3, 'etcdserverpb.AlarmType', 'NONE', 'NOSPACE', 'CORRUPT'),
});

export const alarmMember = schema('etcdserverpb.AlarmMember', {
  memberID: id(1),
  alarm: oneOf(2, 'etcdserverpb.AlarmType', 'NONE', 'NOSPACE', 'CORRUPT'),
});

export const alarmResponse = schema('etcdserverpb.AlarmResponse', {
  header: message(1, responseHeader),
  alarms: many(message(2, alarmMember)),
});

export const downgradeRequest = schema('etcdserverpb.DowngradeRequest', {
  action: oneOf(1, 'etcdserverpb.DowngradeRequest_DowngradeAction', 'VALIDATE', 'ENABLE', 'CANCEL'),
  version: text(2),
});

export const downgradeResponse = schema('etcdserverpb.DowngradeResponse', {
  header: message(1, responseHeader),
  version: text(2),
});

export const statusRequest = schema('etcdserverpb.StatusRequest', {});

export const statusResponse = schema('etcdserverpb.StatusResponse', {
  header: message(1, responseHeader),
  version: text(2),
  dbSize: int(3),
  leader: id(4),
  raftIndex: int(5),
  raftTerm: int(6),
  raftAppliedIndex: int(7),
  errors: many(text(8)),
  dbSizeInUse: int(9),
  isLearner: bool(10),
});
