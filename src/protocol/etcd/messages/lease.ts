import { bool, bytes, int, lease, many, message, schema, text } from '../schema.ts';
import { responseHeader } from './header.ts';

export const leaseGrantRequest = schema('etcdserverpb.LeaseGrantRequest', {
  TTL: int(1),
  ID: lease(2),
});

export const leaseGrantResponse = schema('etcdserverpb.LeaseGrantResponse', {
  header: message(1, responseHeader),
  ID: lease(2),
  TTL: int(3),
  error: text(4),
});

export const leaseRevokeRequest = schema('etcdserverpb.LeaseRevokeRequest', {
  ID: lease(1),
});

export const leaseRevokeResponse = schema('etcdserverpb.LeaseRevokeResponse', {
  header: message(1, responseHeader),
});

export const leaseKeepAliveRequest = schema('etcdserverpb.LeaseKeepAliveRequest', {
  ID: lease(1),
});

export const leaseKeepAliveResponse = schema('etcdserverpb.LeaseKeepAliveResponse', {
  header: message(1, responseHeader),
  ID: lease(2),
  TTL: int(3),
});

export const leaseTimeToLiveRequest = schema('etcdserverpb.LeaseTimeToLiveRequest', {
  ID: lease(1),
  keys: bool(2),
});

export const leaseTimeToLiveResponse = schema('etcdserverpb.LeaseTimeToLiveResponse', {
  header: message(1, responseHeader),
  ID: lease(2),
  TTL: int(3),
  grantedTTL: int(4),
  keys: many(bytes(5)),
});

export const leaseLeasesRequest = schema('etcdserverpb.LeaseLeasesRequest', {});

export const leaseStatus = schema('etcdserverpb.LeaseStatus', {
  ID: lease(1),
});

export const leaseLeasesResponse = schema('etcdserverpb.LeaseLeasesResponse', {
  header: message(1, responseHeader),
  leases: many(message(2, leaseStatus)),
});
