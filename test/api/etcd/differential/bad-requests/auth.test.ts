import test from 'ava';
import { authMethods } from '../../../../../src/protocol/etcd/methods.ts';
import { type Case, compareCases, type Differs, startBoth, stopBoth } from './sides.ts';

const m = authMethods;

const empty: readonly Case[] = Object.values(m)
  .filter((method) => method !== m.authStatus && method !== m.roleGrantPermission)
  .map((method): Case => ({ what: 'an empty message', method, request: {} }));

const asIn35 = 'permissions are checked as in etcd 3.5; 3.4 dies without one';
const noText: Differs = [
  '3 malformed message: text that is not UTF-8',
  'a name has to be text; etcd takes bytes',
];

const cases: readonly Case[] = [
  ...empty,
  {
    what: 'an empty message',
    method: m.roleGrantPermission,
    request: {},
    differs: ['3 etcdserver: permission not given', asIn35],
  },
  { what: 'nobody', method: m.authenticate, request: { name: 'nobody', password: 'x' } },
  { what: 'fine', method: m.userAdd, request: { name: 'u', password: 'p' } },
  { what: 'no password', method: m.userAdd, request: { name: 'np' } },
  {
    what: 'no password, as said',
    method: m.userAdd,
    request: { name: 'no', options: { no_password: true } },
  },
  {
    what: 'no password, and one',
    method: m.userAdd,
    request: { name: 'nn', password: 'x', options: { no_password: true } },
  },
  { what: 'no name, no password', method: m.userAdd, request: { options: { no_password: true } } },
  { what: 'a long password', method: m.userAdd, request: { name: 'long', password: 'x'.repeat(100) } },
  { what: 'odd name', method: m.userAdd, request: { name: 'a:b/c d\n', password: 'p' } },
  { what: 'to nothing', method: m.userChangePassword, request: { name: 'u' } },
  { what: 'of nobody', method: m.userChangePassword, request: { name: 'nobody', password: 'x' } },
  { what: 'of no password', method: m.userChangePassword, request: { name: 'no', password: 'x' } },
  { what: 'no role', method: m.userGrantRole, request: { user: 'u' } },
  { what: 'no user', method: m.userGrantRole, request: { role: 'r' } },
  { what: 'no role', method: m.userRevokeRole, request: { name: 'u' } },
  { what: 'fine', method: m.roleAdd, request: { name: 'r' } },
  { what: 'of root', method: m.roleAdd, request: { name: 'root' } },
  {
    what: 'an empty permission',
    method: m.roleGrantPermission,
    request: { name: 'r', perm: {} },
    differs: ['3 etcdserver: invalid auth management', asIn35],
  },
  {
    what: 'an empty permission, no role',
    method: m.roleGrantPermission,
    request: { perm: {} },
    differs: ['3 etcdserver: invalid auth management', asIn35],
  },
  {
    what: 'the wrong way round',
    method: m.roleGrantPermission,
    request: { name: 'r', perm: { key: 'b', range_end: 'a' } },
    differs: ['3 etcdserver: invalid auth management', asIn35],
  },
  {
    what: 'the same twice',
    method: m.roleGrantPermission,
    request: { name: 'r', perm: { key: 'b', range_end: 'b' } },
    differs: ['3 etcdserver: invalid auth management', asIn35],
  },
  {
    what: 'from',
    method: m.roleGrantPermission,
    request: { name: 'r', perm: { key: 'b', range_end: '\0' } },
  },
  {
    what: 'all',
    method: m.roleGrantPermission,
    request: { name: 'r', perm: { key: '\0', range_end: '\0' } },
  },
  { what: 'no role', method: m.roleGrantPermission, request: { name: 'zz', perm: { key: 'b' } } },
  {
    what: 'of root',
    method: m.roleGet,
    request: { role: 'root' },
    differs: [
      '{"perm":[{"permType":"READWRITE","key":"","range_end":"\\u0000"}]}',
      'root may do everything, whatever it was granted',
    ],
  },
  { what: 'not granted', method: m.roleRevokePermission, request: { role: 'r', key: 'zz' } },
  { what: 'root', method: m.roleDelete, request: { role: 'root' } },
  { what: 'text that is no UTF-8', method: m.userGet, request: '0a02fffe', differs: noText },
  { what: 'text that is no UTF-8', method: m.roleAdd, request: '0a02fffe', differs: noText },
  { what: 'in the end', method: m.userList, request: {} },
  { what: 'in the end', method: m.roleList, request: {} },
];

test('auth while it is off', async (t) => {
  const both = await startBoth(t);
  if (both === null) return t.pass();
  await compareCases(t, both, cases);
});

test.after.always(stopBoth);
