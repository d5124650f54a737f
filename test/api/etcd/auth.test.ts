import { status } from '@grpc/grpc-js';
import test from 'ava';
import { decodeAuthState, encodeAuthState } from '../../../src/api/etcd/auth/auth-state.ts';
import { hashPassword } from '../../../src/api/etcd/auth/passwords.ts';
import { authMethods, type EtcdMethod } from '../../../src/protocol/etcd/methods.ts';
import type { AnySchema, Given, Message } from '../../../src/protocol/etcd/schema.ts';
import { RawClient } from './differential/raw-client.ts';
import { type EtcdTestCluster, startEtcdCluster } from './etcd-cluster.ts';

let cluster: EtcdTestCluster;
let clients: readonly RawClient[];

test.before(async () => {
  cluster = await startEtcdCluster(3);
  clients = cluster.endpoints.map((endpoint) => new RawClient(endpoint));
});
test.after.always(async () => {
  for (const client of clients ?? []) client.close();
  await cluster?.stop();
});

async function call<Q extends AnySchema, A extends AnySchema>(
  node: number,
  method: EtcdMethod<Q, A>,
  given: Given<Q>,
): Promise<Message<A>> {
  const answer = await clients[node]!.call(method, given);
  if (answer.kind !== 'message') throw Object.assign(new Error(answer.details), { code: answer.code });
  return answer.message as Message<A>;
}

test.serial('what one node was told every other knows, and each change counts one revision', async (t) => {
  const before = await call(0, authMethods.authStatus, {});
  t.like(before, { enabled: false, authRevision: 1 });
  await call(0, authMethods.roleAdd, { name: 'reader' });
  await call(1, authMethods.userAdd, { name: 'ann', password: 'secret' });
  await call(2, authMethods.userGrantRole, { user: 'ann', role: 'reader' });
  // Granted already: nothing changes.
  await call(0, authMethods.userGrantRole, { user: 'ann', role: 'reader' });
  for (const node of [0, 1, 2]) {
    t.deepEqual((await call(node, authMethods.userGet, { name: 'ann' })).roles, ['reader']);
    t.is((await call(node, authMethods.authStatus, {})).authRevision, 4);
  }
});

test.serial('users added at the same time through different nodes are all there', async (t) => {
  const names = Array.from({ length: 9 }, (_, i) => `user${i}`);
  await Promise.all(
    names.map((name, i) => call(i % 3, authMethods.userAdd, { name, options: { no_password: true } })),
  );
  const { users } = await call(0, authMethods.userList, {});
  for (const name of names) t.true(users.includes(name));
});

test.serial('it cannot be turned on, and says so once etcd would', async (t) => {
  await t.throwsAsync(call(0, authMethods.authEnable, {}), {
    message: 'etcdserver: root user does not exist',
  });
  await call(0, authMethods.userAdd, { name: 'root', password: 'x' });
  await t.throwsAsync(call(0, authMethods.authEnable, {}), {
    message: 'etcdserver: root user does not have root role',
  });
  await call(0, authMethods.userGrantRole, { user: 'root', role: 'root' });
  const error = await call(0, authMethods.authEnable, {}).catch((thrown: unknown) => thrown);
  t.like(error, { code: status.UNIMPLEMENTED });
  t.is((await call(0, authMethods.authStatus, {})).enabled, false);
});

test.serial('permissions follow the rules of 3.5', async (t) => {
  await call(0, authMethods.roleAdd, { name: 'ranges' });
  const grant = (key: string, end: string) =>
    call(0, authMethods.roleGrantPermission, {
      name: 'ranges',
      perm: { permType: 'READ', key: key as never, range_end: end as never },
    });
  await t.throwsAsync(call(0, authMethods.roleGrantPermission, { name: 'ranges' }), {
    message: 'etcdserver: permission not given',
  });
  await t.throwsAsync(grant('', ''), { message: 'etcdserver: invalid auth management' });
  await t.throwsAsync(grant('b', 'a'), { message: 'etcdserver: invalid auth management' });
  await grant('b', 'c');
  await grant('\xff', '\0');
  await grant('a', '');
  const { perm } = await call(1, authMethods.roleGet, { role: 'ranges' });
  t.deepEqual(
    perm.map(({ key }) => String(key)),
    ['a', 'b', '\xff'],
  );
});

test.serial('the role root may do everything, whatever it was granted', async (t) => {
  await call(0, authMethods.roleAdd, { name: 'root' });
  const perm = { permType: 'READ', key: 'a' as never } as const;
  await call(0, authMethods.roleGrantPermission, { name: 'root', perm });
  const { perm: told } = await call(1, authMethods.roleGet, { role: 'root' });
  t.deepEqual(
    told.map(({ permType, key, range_end }) => [permType, String(key), String(range_end)]),
    [['READWRITE', '', '\0']],
  );
});

test.serial('a user without a password keeps none; one with a password gets the new one', async (t) => {
  const stored = async (name: string) => {
    const { values } = await cluster.nodes[0]!.state('system').get('auth');
    return decodeAuthState(Buffer.from(values[0]!.value).toString()).users.get(name)?.password;
  };
  await call(0, authMethods.userAdd, { name: 'bare', options: { no_password: true } });
  await call(0, authMethods.userAdd, { name: 'kept', password: 'old' });
  const before = await stored('kept');
  for (const name of ['bare', 'kept'])
    await call(1, authMethods.userChangePassword, { name, password: 'new' });
  t.is(await stored('bare'), '');
  t.not(await stored('kept'), before);
});

test('passwords are kept as salted hashes', async (t) => {
  const [one, other] = await Promise.all([hashPassword('secret'), hashPassword('secret')]);
  t.not(one, other);
  t.regex(one, /^scrypt:16384:[^:]+:[^:]+$/);
});

test('the kept state is the same whatever the order, and names of all kinds survive', (t) => {
  const user = { password: '', roles: [] };
  const a = {
    users: new Map([
      ['__proto__', user],
      ['b', user],
    ]),
    roles: new Map(),
  };
  const b = {
    users: new Map([
      ['b', user],
      ['__proto__', user],
    ]),
    roles: new Map(),
  };
  t.is(encodeAuthState(a), encodeAuthState(b));
  t.deepEqual(decodeAuthState(encodeAuthState(a)), a);
});
