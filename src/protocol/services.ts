import type { MethodDefinition } from '@grpc/grpc-js';

/** Every method takes and gives encoded messages; the codecs of this folder are called where the work is. */
export type RawMethod = MethodDefinition<Buffer, Buffer>;

const same = (bytes: Buffer): Buffer => bytes;

export function method(path: string, requestStream: boolean, responseStream: boolean): RawMethod {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

/** `service Tanist` of tanist.proto, for grpc-js clients and servers. */
export const tanistService = {
  session: method('/tanist.v1.Tanist/Session', true, true),
  watch: method('/tanist.v1.Tanist/Watch', true, true),
  status: method('/tanist.v1.Tanist/Status', false, false),
  succession: method('/tanist.v1.Tanist/Succession', false, true),
  transfer: method('/tanist.v1.Tanist/Transfer', false, false),
  leases: method('/tanist.v1.Tanist/Leases', false, false),
  keepAlive: method('/tanist.v1.Tanist/KeepAlive', false, false),
  policies: method('/tanist.v1.Tanist/Policies', false, false),
  members: method('/tanist.v1.Tanist/Members', false, false),
  changeMember: method('/tanist.v1.Tanist/ChangeMember', false, false),
  tiers: method('/tanist.v1.Tanist/Tiers', false, false),
  predictions: method('/tanist.v1.Tanist/Predictions', false, false),
  measure: method('/tanist.v1.Tanist/Measure', false, false),
  backup: method('/tanist.v1.Tanist/Backup', false, true),
  scrub: method('/tanist.v1.Tanist/Scrub', false, true),
  repair: method('/tanist.v1.Tanist/Repair', false, false),
} as const;

/** `service Promotion` of promotion.proto. */
export const promotionService = {
  lineage: method('/tanist.v1.Promotion/Lineage', false, false),
  image: method('/tanist.v1.Promotion/Image', false, true),
  supersede: method('/tanist.v1.Promotion/Supersede', false, false),
  forcePromote: method('/tanist.v1.Promotion/ForcePromote', false, false),
} as const;

/** `service Replication` of replication.proto. */
export const replicationService = {
  follow: method('/tanist.v1.Replication/Follow', true, true),
  offer: method('/tanist.v1.Replication/Offer', false, false),
} as const;

/** `service Snapshots` of snapshots.proto. */
export const snapshotsService = {
  list: method('/tanist.v1.Snapshots/List', false, false),
} as const;

/** `service Models` of models.proto. */
export const modelsService = {
  get: method('/tanist.v1.Models/Get', false, false),
  contribute: method('/tanist.v1.Models/Contribute', false, false),
  publish: method('/tanist.v1.Models/Publish', false, false),
  series: method('/tanist.v1.Models/Series', false, false),
} as const;

/** `service Dependencies` of dependencies.proto. */
export const dependenciesService = {
  join: method('/tanist.v1.Dependencies/Join', false, false),
  heartbeat: method('/tanist.v1.Dependencies/Heartbeat', false, false),
  invalidate: method('/tanist.v1.Dependencies/Invalidate', false, false),
  register: method('/tanist.v1.Dependencies/Register', false, false),
  release: method('/tanist.v1.Dependencies/Release', false, false),
  lookup: method('/tanist.v1.Dependencies/Lookup', false, false),
  claim: method('/tanist.v1.Dependencies/Claim', false, false),
  sandboxes: method('/tanist.v1.Dependencies/Sandboxes', false, false),
} as const;

/** `service Peer` of peer.proto. */
export const peerService = {
  messages: method('/tanist.v1.Peer/Messages', true, true),
  probe: method('/tanist.v1.Peer/Probe', false, false),
  snapshot: method('/tanist.v1.Peer/Snapshot', true, false),
} as const;
