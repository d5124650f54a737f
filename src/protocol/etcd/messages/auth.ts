import { bool, bytes, int, many, message, oneOf, schema, text } from '../schema.ts';
import { responseHeader } from './header.ts';

export const userAddOptions = schema('authpb.UserAddOptions', {
  no_password: bool(1),
});

export const user = schema('authpb.User', {
  name: bytes(1),
  password: bytes(2),
  roles: many(text(3)),
  options: message(4, userAddOptions),
});

export const permission = schema('authpb.Permission', {
  permType: oneOf(1, 'authpb.Permission_Type', 'READ', 'WRITE', 'READWRITE'),
  key: bytes(2),
  range_end: bytes(3),
});

export const role = schema('authpb.Role', {
  name: bytes(1),
  keyPermission: many(message(2, permission)),
});

export const authEnableRequest = schema('etcdserverpb.AuthEnableRequest', {});

export const authDisableRequest = schema('etcdserverpb.AuthDisableRequest', {});

export const authStatusRequest = schema('etcdserverpb.AuthStatusRequest', {});

export const authenticateRequest = schema('etcdserverpb.AuthenticateRequest', {
  name: text(1),
  password: text(2),
});

export const authUserAddRequest = schema('etcdserverpb.AuthUserAddRequest', {
  name: text(1),
  password: text(2),
  options: message(3, userAddOptions),
  hashedPassword: text(4),
});

export const authUserGetRequest = schema('etcdserverpb.AuthUserGetRequest', {
  name: text(1),
});

export const authUserDeleteRequest = schema('etcdserverpb.AuthUserDeleteRequest', {
  name: text(1),
});

export const authUserChangePasswordRequest = schema('etcdserverpb.AuthUserChangePasswordRequest', {
  name: text(1),
  password: text(2),
  hashedPassword: text(3),
});

export const authUserGrantRoleRequest = schema('etcdserverpb.AuthUserGrantRoleRequest', {
  user: text(1),
  role: text(2),
});

export const authUserRevokeRoleRequest = schema('etcdserverpb.AuthUserRevokeRoleRequest', {
  name: text(1),
  role: text(2),
});

export const authRoleAddRequest = schema('etcdserverpb.AuthRoleAddRequest', {
  name: text(1),
});

export const authRoleGetRequest = schema('etcdserverpb.AuthRoleGetRequest', {
  role: text(1),
});

export const authUserListRequest = schema('etcdserverpb.AuthUserListRequest', {});

export const authRoleListRequest = schema('etcdserverpb.AuthRoleListRequest', {});

export const authRoleDeleteRequest = schema('etcdserverpb.AuthRoleDeleteRequest', {
  role: text(1),
});

export const authRoleGrantPermissionRequest = schema('etcdserverpb.AuthRoleGrantPermissionRequest', {
  name: text(1),
  perm: message(2, permission),
});

export const authRoleRevokePermissionRequest = schema('etcdserverpb.AuthRoleRevokePermissionRequest', {
  role: text(1),
  key: bytes(2),
  range_end: bytes(3),
});

export const authEnableResponse = schema('etcdserverpb.AuthEnableResponse', {
  header: message(1, responseHeader),
});

export const authDisableResponse = schema('etcdserverpb.AuthDisableResponse', {
  header: message(1, responseHeader),
});

export const authStatusResponse = schema('etcdserverpb.AuthStatusResponse', {
  header: message(1, responseHeader),
  enabled: bool(2),
  authRevision: int(3),
});

export const authenticateResponse = schema('etcdserverpb.AuthenticateResponse', {
  header: message(1, responseHeader),
  token: text(2),
});

export const authUserAddResponse = schema('etcdserverpb.AuthUserAddResponse', {
  header: message(1, responseHeader),
});

export const authUserGetResponse = schema('etcdserverpb.AuthUserGetResponse', {
  header: message(1, responseHeader),
  roles: many(text(2)),
});

export const authUserDeleteResponse = schema('etcdserverpb.AuthUserDeleteResponse', {
  header: message(1, responseHeader),
});

export const authUserChangePasswordResponse = schema('etcdserverpb.AuthUserChangePasswordResponse', {
  header: message(1, responseHeader),
});

export const authUserGrantRoleResponse = schema('etcdserverpb.AuthUserGrantRoleResponse', {
  header: message(1, responseHeader),
});

export const authUserRevokeRoleResponse = schema('etcdserverpb.AuthUserRevokeRoleResponse', {
  header: message(1, responseHeader),
});

export const authRoleAddResponse = schema('etcdserverpb.AuthRoleAddResponse', {
  header: message(1, responseHeader),
});

export const authRoleGetResponse = schema('etcdserverpb.AuthRoleGetResponse', {
  header: message(1, responseHeader),
  perm: many(message(2, permission)),
});

export const authRoleListResponse = schema('etcdserverpb.AuthRoleListResponse', {
  header: message(1, responseHeader),
  roles: many(text(2)),
});

export const authUserListResponse = schema('etcdserverpb.AuthUserListResponse', {
  header: message(1, responseHeader),
  users: many(text(2)),
});

export const authRoleDeleteResponse = schema('etcdserverpb.AuthRoleDeleteResponse', {
  header: message(1, responseHeader),
});

export const authRoleGrantPermissionResponse = schema('etcdserverpb.AuthRoleGrantPermissionResponse', {
  header: message(1, responseHeader),
});

export const authRoleRevokePermissionResponse = schema('etcdserverpb.AuthRoleRevokePermissionResponse', {
  header: message(1, responseHeader),
});
