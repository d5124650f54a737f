import { bool, id, many, message, schema, text } from '../schema.ts';
import { responseHeader } from './header.ts';

export const member = schema('etcdserverpb.Member', {
  ID: id(1),
  name: text(2),
  peerURLs: many(text(3)),
  clientURLs: many(text(4)),
  isLearner: bool(5),
});

export const memberAddRequest = schema('etcdserverpb.MemberAddRequest', {
  peerURLs: many(text(1)),
  isLearner: bool(2),
});

export const memberAddResponse = schema('etcdserverpb.MemberAddResponse', {
  header: message(1, responseHeader),
  member: message(2, member),
  members: many(message(3, member)),
});

export const memberRemoveRequest = schema('etcdserverpb.MemberRemoveRequest', {
  ID: id(1),
});

export const memberRemoveResponse = schema('etcdserverpb.MemberRemoveResponse', {
  header: message(1, responseHeader),
  members: many(message(2, member)),
});

export const memberUpdateRequest = schema('etcdserverpb.MemberUpdateRequest', {
  ID: id(1),
  peerURLs: many(text(2)),
});

export const memberUpdateResponse = schema('etcdserverpb.MemberUpdateResponse', {
  header: message(1, responseHeader),
  members: many(message(2, member)),
});

export const memberListRequest = schema('etcdserverpb.MemberListRequest', {
  linearizable: bool(1),
});

export const memberListResponse = schema('etcdserverpb.MemberListResponse', {
  header: message(1, responseHeader),
  members: many(message(2, member)),
});

export const memberPromoteRequest = schema('etcdserverpb.MemberPromoteRequest', {
  ID: id(1),
});

export const memberPromoteResponse = schema('etcdserverpb.MemberPromoteResponse', {
  header: message(1, responseHeader),
  members: many(message(2, member)),
});
