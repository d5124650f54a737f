import {
  authDisableRequest,
  authDisableResponse,
  authEnableRequest,
  authEnableResponse,
  authenticateRequest,
  authenticateResponse,
  authRoleAddRequest,
  authRoleAddResponse,
  authRoleDeleteRequest,
  authRoleDeleteResponse,
  authRoleGetRequest,
  authRoleGetResponse,
  authRoleGrantPermissionRequest,
  authRoleGrantPermissionResponse,
  authRoleListRequest,
  authRoleListResponse,
  authRoleRevokePermissionRequest,
  authRoleRevokePermissionResponse,
  authStatusRequest,
  authStatusResponse,
  authUserAddRequest,
  authUserAddResponse,
  authUserChangePasswordRequest,
  authUserChangePasswordResponse,
  authUserDeleteRequest,
  authUserDeleteResponse,
  authUserGetRequest,
  authUserGetResponse,
  authUserGrantRoleRequest,
  authUserGrantRoleResponse,
  authUserListRequest,
  authUserListResponse,
  authUserRevokeRoleRequest,
  authUserRevokeRoleResponse,
} from './messages/auth.ts';
import {
  memberAddRequest,
  memberAddResponse,
  memberListRequest,
  memberListResponse,
  memberPromoteRequest,
  memberPromoteResponse,
  memberRemoveRequest,
  memberRemoveResponse,
  memberUpdateRequest,
  memberUpdateResponse,
} from './messages/cluster.ts';
import {
  campaignRequest,
  campaignResponse,
  leaderRequest,
  leaderResponse,
  proclaimRequest,
  proclaimResponse,
  resignRequest,
  resignResponse,
} from './messages/election.ts';
import {
  compactionRequest,
  compactionResponse,
  deleteRangeRequest,
  deleteRangeResponse,
  putRequest,
  putResponse,
  rangeRequest,
  rangeResponse,
  txnRequest,
  txnResponse,
} from './messages/kv.ts';
import {
  leaseGrantRequest,
  leaseGrantResponse,
  leaseKeepAliveRequest,
  leaseKeepAliveResponse,
  leaseLeasesRequest,
  leaseLeasesResponse,
  leaseRevokeRequest,
  leaseRevokeResponse,
  leaseTimeToLiveRequest,
  leaseTimeToLiveResponse,
} from './messages/lease.ts';
import { lockRequest, lockResponse, unlockRequest, unlockResponse } from './messages/lock.ts';
import {
  alarmRequest,
  alarmResponse,
  defragmentRequest,
  defragmentResponse,
  downgradeRequest,
  downgradeResponse,
  hashKVRequest,
  hashKVResponse,
  hashRequest,
  hashResponse,
  moveLeaderRequest,
  moveLeaderResponse,
  snapshotRequest,
  snapshotResponse,
  statusRequest,
  statusResponse,
} from './messages/maintenance.ts';
import { watchRequest, watchResponse } from './messages/watch.ts';
import type { AnySchema } from './schema.ts';

/** A method of etcd's API with what it takes and gives. */
export interface EtcdMethod<Request extends AnySchema = AnySchema, Response extends AnySchema = AnySchema> {
  readonly path: string;
  readonly request: Request;
  readonly response: Response;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

function define<Request extends AnySchema, Response extends AnySchema>(
  path: string,
  request: Request,
  response: Response,
  streams: 'none' | 'responses' | 'both' = 'none',
): EtcdMethod<Request, Response> {
  return { path, request, response, requestStream: streams === 'both', responseStream: streams !== 'none' };
}

export const kvMethods = {
  range: define('/etcdserverpb.KV/Range', rangeRequest, rangeResponse),
  put: define('/etcdserverpb.KV/Put', putRequest, putResponse),
  deleteRange: define('/etcdserverpb.KV/DeleteRange', deleteRangeRequest, deleteRangeResponse),
  txn: define('/etcdserverpb.KV/Txn', txnRequest, txnResponse),
  compact: define('/etcdserverpb.KV/Compact', compactionRequest, compactionResponse),
} as const;

export const watchMethods = {
  watch: define('/etcdserverpb.Watch/Watch', watchRequest, watchResponse, 'both'),
} as const;

export const leaseMethods = {
  leaseGrant: define('/etcdserverpb.Lease/LeaseGrant', leaseGrantRequest, leaseGrantResponse),
  leaseRevoke: define('/etcdserverpb.Lease/LeaseRevoke', leaseRevokeRequest, leaseRevokeResponse),
  leaseKeepAlive: define(
    '/etcdserverpb.Lease/LeaseKeepAlive',
    leaseKeepAliveRequest,
    leaseKeepAliveResponse,
    'both',
  ),
  leaseTimeToLive: define(
    '/etcdserverpb.Lease/LeaseTimeToLive',
    leaseTimeToLiveRequest,
    leaseTimeToLiveResponse,
  ),
  leaseLeases: define('/etcdserverpb.Lease/LeaseLeases', leaseLeasesRequest, leaseLeasesResponse),
} as const;

export const clusterMethods = {
  memberAdd: define('/etcdserverpb.Cluster/MemberAdd', memberAddRequest, memberAddResponse),
  memberRemove: define('/etcdserverpb.Cluster/MemberRemove', memberRemoveRequest, memberRemoveResponse),
  memberUpdate: define('/etcdserverpb.Cluster/MemberUpdate', memberUpdateRequest, memberUpdateResponse),
  memberList: define('/etcdserverpb.Cluster/MemberList', memberListRequest, memberListResponse),
  memberPromote: define('/etcdserverpb.Cluster/MemberPromote', memberPromoteRequest, memberPromoteResponse),
} as const;

export const maintenanceMethods = {
  alarm: define('/etcdserverpb.Maintenance/Alarm', alarmRequest, alarmResponse),
  status: define('/etcdserverpb.Maintenance/Status', statusRequest, statusResponse),
  defragment: define('/etcdserverpb.Maintenance/Defragment', defragmentRequest, defragmentResponse),
  hash: define('/etcdserverpb.Maintenance/Hash', hashRequest, hashResponse),
  hashKV: define('/etcdserverpb.Maintenance/HashKV', hashKVRequest, hashKVResponse),
  snapshot: define('/etcdserverpb.Maintenance/Snapshot', snapshotRequest, snapshotResponse, 'responses'),
  moveLeader: define('/etcdserverpb.Maintenance/MoveLeader', moveLeaderRequest, moveLeaderResponse),
  downgrade: define('/etcdserverpb.Maintenance/Downgrade', downgradeRequest, downgradeResponse),
} as const;

export const authMethods = {
  authEnable: define('/etcdserverpb.Auth/AuthEnable', authEnableRequest, authEnableResponse),
  authDisable: define('/etcdserverpb.Auth/AuthDisable', authDisableRequest, authDisableResponse),
  authStatus: define('/etcdserverpb.Auth/AuthStatus', authStatusRequest, authStatusResponse),
  authenticate: define('/etcdserverpb.Auth/Authenticate', authenticateRequest, authenticateResponse),
  userAdd: define('/etcdserverpb.Auth/UserAdd', authUserAddRequest, authUserAddResponse),
  userGet: define('/etcdserverpb.Auth/UserGet', authUserGetRequest, authUserGetResponse),
  userList: define('/etcdserverpb.Auth/UserList', authUserListRequest, authUserListResponse),
  userDelete: define('/etcdserverpb.Auth/UserDelete', authUserDeleteRequest, authUserDeleteResponse),
  userChangePassword: define(
    '/etcdserverpb.Auth/UserChangePassword',
    authUserChangePasswordRequest,
    authUserChangePasswordResponse,
  ),
  userGrantRole: define(
    '/etcdserverpb.Auth/UserGrantRole',
    authUserGrantRoleRequest,
    authUserGrantRoleResponse,
  ),
  userRevokeRole: define(
    '/etcdserverpb.Auth/UserRevokeRole',
    authUserRevokeRoleRequest,
    authUserRevokeRoleResponse,
  ),
  roleAdd: define('/etcdserverpb.Auth/RoleAdd', authRoleAddRequest, authRoleAddResponse),
  roleGet: define('/etcdserverpb.Auth/RoleGet', authRoleGetRequest, authRoleGetResponse),
  roleList: define('/etcdserverpb.Auth/RoleList', authRoleListRequest, authRoleListResponse),
  roleDelete: define('/etcdserverpb.Auth/RoleDelete', authRoleDeleteRequest, authRoleDeleteResponse),
  roleGrantPermission: define(
    '/etcdserverpb.Auth/RoleGrantPermission',
    authRoleGrantPermissionRequest,
    authRoleGrantPermissionResponse,
  ),
  roleRevokePermission: define(
    '/etcdserverpb.Auth/RoleRevokePermission',
    authRoleRevokePermissionRequest,
    authRoleRevokePermissionResponse,
  ),
} as const;

export const lockMethods = {
  lock: define('/v3lockpb.Lock/Lock', lockRequest, lockResponse),
  unlock: define('/v3lockpb.Lock/Unlock', unlockRequest, unlockResponse),
} as const;

export const electionMethods = {
  campaign: define('/v3electionpb.Election/Campaign', campaignRequest, campaignResponse),
  proclaim: define('/v3electionpb.Election/Proclaim', proclaimRequest, proclaimResponse),
  leader: define('/v3electionpb.Election/Leader', leaderRequest, leaderResponse),
  observe: define('/v3electionpb.Election/Observe', leaderRequest, leaderResponse, 'responses'),
  resign: define('/v3electionpb.Election/Resign', resignRequest, resignResponse),
} as const;
