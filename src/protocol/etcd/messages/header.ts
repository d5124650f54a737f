import { id, int, schema } from '../schema.ts';

export const responseHeader = schema('etcdserverpb.ResponseHeader', {
  cluster_id: id(1),
  member_id: id(2),
  revision: int(3),
  raft_term: int(4),
});
