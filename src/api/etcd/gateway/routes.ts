import {
  authMethods,
  clusterMethods,
  type EtcdMethod,
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
  maintenanceMethods,
  watchMethods,
} from '../../../protocol/etcd/methods.ts';

const { leaseRevoke, leaseTimeToLive, leaseLeases } = leaseMethods;
const { hashKV, moveLeader } = maintenanceMethods;

/** The gateway's paths behind the prefix, as the annotations of etcd's API have them. */
const methods: Readonly<Record<string, EtcdMethod>> = {
  'kv/range': kvMethods.range,
  'kv/put': kvMethods.put,
  'kv/deleterange': kvMethods.deleteRange,
  'kv/txn': kvMethods.txn,
  'kv/compaction': kvMethods.compact,
  watch: watchMethods.watch,
  'lease/grant': leaseMethods.leaseGrant,
  'lease/revoke': leaseRevoke,
  'kv/lease/revoke': leaseRevoke,
  'lease/keepalive': leaseMethods.leaseKeepAlive,
  'lease/timetolive': leaseTimeToLive,
  'kv/lease/timetolive': leaseTimeToLive,
  'lease/leases': leaseLeases,
  'kv/lease/leases': leaseLeases,
  'cluster/member/add': clusterMethods.memberAdd,
  'cluster/member/remove': clusterMethods.memberRemove,
  'cluster/member/update': clusterMethods.memberUpdate,
  'cluster/member/list': clusterMethods.memberList,
  'cluster/member/promote': clusterMethods.memberPromote,
  'maintenance/alarm': maintenanceMethods.alarm,
  'maintenance/status': maintenanceMethods.status,
  'maintenance/defragment': maintenanceMethods.defragment,
  'maintenance/hash': hashKV,
  'maintenance/hashkv': hashKV,
  'maintenance/snapshot': maintenanceMethods.snapshot,
  'maintenance/transfer-leadership': moveLeader,
  'maintenance/downgrade': maintenanceMethods.downgrade,
  'auth/enable': authMethods.authEnable,
  'auth/disable': authMethods.authDisable,
  'auth/status': authMethods.authStatus,
  'auth/authenticate': authMethods.authenticate,
  'auth/user/add': authMethods.userAdd,
  'auth/user/get': authMethods.userGet,
  'auth/user/list': authMethods.userList,
  'auth/user/delete': authMethods.userDelete,
  'auth/user/changepw': authMethods.userChangePassword,
  'auth/user/grant': authMethods.userGrantRole,
  'auth/user/revoke': authMethods.userRevokeRole,
  'auth/role/add': authMethods.roleAdd,
  'auth/role/get': authMethods.roleGet,
  'auth/role/list': authMethods.roleList,
  'auth/role/delete': authMethods.roleDelete,
  'auth/role/grant': authMethods.roleGrantPermission,
  'auth/role/revoke': authMethods.roleRevokePermission,
  'lock/lock': lockMethods.lock,
  'lock/unlock': lockMethods.unlock,
  'election/campaign': electionMethods.campaign,
  'election/proclaim': electionMethods.proclaim,
  'election/leader': electionMethods.leader,
  'election/observe': electionMethods.observe,
  'election/resign': electionMethods.resign,
};

/** Releases of etcd before 3.4 had the two others; clients ask `/version` and choose. */
const prefixes = ['/v3/', '/v3beta/', '/v3alpha/'];

export function isGatewayPath(path: string): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}

export const gatewayMethods: ReadonlyMap<string, EtcdMethod> = new Map(
  prefixes.flatMap((prefix) => Object.entries(methods).map(([path, method]) => [prefix + path, method])),
);
