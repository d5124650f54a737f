/** Services of the client port, by the names that health checks and reflection use. */
export const servedServices: readonly string[] = [
  'tanist.v1.Tanist',
  'tanist.v1.Replication',
  'tanist.v1.Snapshots',
  'tanist.v1.Promotion',
  'tanist.v1.Models',
  'tanist.v1.Dependencies',
  'etcdserverpb.KV',
  'etcdserverpb.Watch',
  'etcdserverpb.Lease',
  'etcdserverpb.Cluster',
  'etcdserverpb.Maintenance',
  'etcdserverpb.Auth',
  'v3lockpb.Lock',
  'v3electionpb.Election',
  'grpc.health.v1.Health',
];
