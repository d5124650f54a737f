import {
  type ByteString,
  byteString,
  byteStringOfText,
  bytesOf,
  emptyBytes,
} from '../../../foundation/bytes.ts';
import { authMethods } from '../../../protocol/etcd/methods.ts';
import type { UnaryHandler } from '../../streams/unary-streams.ts';
import { etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import { unary } from '../handlers.ts';
import type { AuthState, Permission } from './auth-state.ts';
import { type AuthStore, withEntry } from './auth-store.ts';

/** What root may do, whatever it was granted. */
const everything = { permType: 'READWRITE', key: emptyBytes, range_end: byteStringOfText('\0') } as const;

/** Roles and their permissions, with etcd's checks in etcd's order. */
export function roleHandlers(
  face: EtcdFace,
  store: AuthStore,
): readonly (readonly [path: string, handler: UnaryHandler])[] {
  const put = (name: string, edit: (permissions: readonly Permission[]) => readonly Permission[]) =>
    store.change((state) => ({
      ...state,
      roles: withEntry(state.roles, name, edit(roleOf(state, name))),
    }));
  return [
    unary(authMethods.roleAdd, async ({ name }) => {
      if (name === '') throw etcdError('roleEmpty');
      await store.change((state) => {
        if (state.roles.has(name)) throw etcdError('roleExists');
        return { ...state, roles: withEntry(state.roles, name, []) };
      });
      return { header: face.header() };
    }),
    unary(authMethods.roleGet, async ({ role }) => {
      const { state } = await store.read();
      const stored = roleOf(state, role).map(({ type, key, rangeEnd }) => ({
        permType: type,
        key: fromBase64(key),
        range_end: fromBase64(rangeEnd),
      }));
      const perm = role === 'root' ? [everything] : stored;
      return { header: face.header(), perm };
    }),
    unary(authMethods.roleList, async () => {
      const { state } = await store.read();
      return { header: face.header(), roles: [...state.roles.keys()].sort() };
    }),
    unary(authMethods.roleDelete, async ({ role }) => {
      await store.change((state) => {
        roleOf(state, role);
        const users = [...state.users].map(
          ([name, user]) => [name, { ...user, roles: user.roles.filter((each) => each !== role) }] as const,
        );
        return { users: new Map(users), roles: withEntry(state.roles, role, null) };
      });
      return { header: face.header() };
    }),
    unary(authMethods.roleGrantPermission, async ({ name, perm }) => {
      if (perm === null) throw etcdError('permissionNotGiven');
      const { permType, key, range_end: rangeEnd } = perm;
      if (!isRange(key, rangeEnd)) throw etcdError('invalidAuthManagement');
      const given = { type: permType, key: toBase64(key), rangeEnd: toBase64(rangeEnd) };
      await put(name, (permissions) =>
        [...permissions.filter((each) => !isSame(each, given)), given].sort(byKey),
      );
      return { header: face.header() };
    }),
    unary(authMethods.roleRevokePermission, async ({ role, key, range_end: rangeEnd }) => {
      const revoked = { key: toBase64(key), rangeEnd: toBase64(rangeEnd) };
      await put(role, (permissions) => {
        const rest = permissions.filter((each) => !isSame(each, revoked));
        if (rest.length === permissions.length) throw etcdError('permissionNotGranted');
        return rest;
      });
      return { header: face.header() };
    }),
  ];
}

function roleOf({ roles }: AuthState, name: string): readonly Permission[] {
  const role = roles.get(name);
  if (role === undefined) throw etcdError('roleNotFound');
  return role;
}

/** A key, the keys from it on (`'\0'`), or a range that is not empty. */
function isRange(key: ByteString, rangeEnd: ByteString): boolean {
  return key !== '' && (rangeEnd === '' || rangeEnd === '\0' || key < rangeEnd);
}

function isSame(a: Omit<Permission, 'type'>, b: Omit<Permission, 'type'>): boolean {
  return a.key === b.key && a.rangeEnd === b.rangeEnd;
}

function byKey(a: Permission, b: Permission): number {
  return Buffer.compare(Buffer.from(a.key, 'base64'), Buffer.from(b.key, 'base64'));
}

function toBase64(bytes: ByteString): string {
  return bytesOf(bytes).toString('base64');
}

function fromBase64(text: string): ByteString {
  return byteString(Buffer.from(text, 'base64'));
}
