import { status } from '@grpc/grpc-js';
import { authMethods } from '../../../protocol/etcd/methods.ts';
import { EtcdError, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { type ServiceHandlers, unary } from '../handlers.ts';
import { AuthStore } from './auth-store.ts';
import { roleHandlers } from './role-handlers.ts';
import { userHandlers } from './user-handlers.ts';

/** etcd's Auth service while authentication is off: users and roles can be prepared, nothing asks for them yet. */
export function authService(face: EtcdFace): ServiceHandlers {
  const store = new AuthStore(face);
  return {
    unary: new Map([
      unary(authMethods.authEnable, async () => {
        const { state } = await store.read();
        const root = state.users.get('root');
        if (root === undefined) throw etcdError('rootUserNotExist');
        if (!root.roles.includes('root')) throw etcdError('rootRoleNotExist');
        const text = 'tanist: authentication cannot be turned on in this version; keep the port private';
        throw new EtcdError(status.UNIMPLEMENTED, text);
      }),
      unary(authMethods.authDisable, () => ({ header: face.header() })),
      unary(authMethods.authStatus, async () => {
        const { revision } = await store.read();
        return { header: face.header(), enabled: false, authRevision: revision };
      }),
      unary(authMethods.authenticate, () => {
        throw etcdError('authNotEnabled');
      }),
      ...userHandlers(face, store),
      ...roleHandlers(face, store),
    ]),
    streams: new Map(),
  };
}
