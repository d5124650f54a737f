import { authMethods } from '../../../protocol/etcd/methods.ts';
import type { UnaryHandler } from '../../streams/unary-streams.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { unary } from '../handlers.ts';
import type { AuthState, User } from './auth-state.ts';
import { type AuthStore, sortedWith, withEntry } from './auth-store.ts';
import { hashPassword } from './passwords.ts';

/** Users, with etcd's checks in etcd's order. */
export function userHandlers(
  face: EtcdFace,
  store: AuthStore,
): readonly (readonly [path: string, handler: UnaryHandler])[] {
  const put = (name: string, edit: (user: User, state: AuthState) => User) =>
    store.change((state) => {
      const user = userOf(state, name);
      const next = edit(user, state);
      return next === user ? state : { ...state, users: withEntry(state.users, name, next) };
    });
  return [
    unary(authMethods.userAdd, async ({ name, password, options, hashedPassword }) => {
      if (name === '') throw etcdError('userEmpty');
      const kept = options?.no_password === true ? '' : await keptOf(password, hashedPassword);
      await store.change((state) => {
        if (state.users.has(name)) throw etcdError('userExists');
        return { ...state, users: withEntry(state.users, name, { password: kept, roles: [] }) };
      });
      return { header: face.header() };
    }),
    unary(authMethods.userGet, async ({ name }) => {
      const { state } = await store.read();
      return { header: face.header(), roles: userOf(state, name).roles };
    }),
    unary(authMethods.userList, async () => {
      const { state } = await store.read();
      return { header: face.header(), users: [...state.users.keys()].sort() };
    }),
    unary(authMethods.userDelete, async ({ name }) => {
      await store.change((state) => {
        userOf(state, name);
        return { ...state, users: withEntry(state.users, name, null) };
      });
      return { header: face.header() };
    }),
    unary(authMethods.userChangePassword, async ({ name, password, hashedPassword }) => {
      const present = userOf((await store.read()).state, name);
      const kept = hasPassword(present) ? await keptOf(password, hashedPassword) : '';
      // As in etcd, one without a password stays so, and is not told.
      await put(name, (user) => ({
        ...user,
        password: kept !== '' && hasPassword(user) ? kept : user.password,
      }));
      return { header: face.header() };
    }),
    unary(authMethods.userGrantRole, async ({ user: name, role }) => {
      await put(name, (user, { roles }) => {
        if (role !== 'root' && !roles.has(role)) throw etcdError('roleNotFound');
        return user.roles.includes(role) ? user : { ...user, roles: sortedWith(user.roles, role) };
      });
      return { header: face.header() };
    }),
    unary(authMethods.userRevokeRole, async ({ name, role }) => {
      await put(name, (user) => {
        if (!user.roles.includes(role)) throw etcdError('roleNotGranted');
        return { ...user, roles: user.roles.filter((each) => each !== role) };
      });
      return { header: face.header() };
    }),
  ];
}

function userOf({ users }: AuthState, name: string): User {
  const user = users.get(name);
  if (user === undefined) throw etcdError('userNotFound');
  return user;
}

function hasPassword({ password }: User): boolean {
  return password !== '';
}

/** A client may send a hash that it has made itself; it is kept as it came. */
async function keptOf(password: string, hashed: string): Promise<string> {
  return hashed === '' ? await hashPassword(password) : `given:${hashed}`;
}
