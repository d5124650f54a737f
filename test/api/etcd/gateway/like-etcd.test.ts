import test from 'ava';
import { startRealEtcd } from '../differential/real-etcd.ts';
import { startEtcdCluster, tool } from '../etcd-cluster.ts';
import { base64, comparable, post } from './gateway-client.ts';

const key = base64('key');
const kv: readonly (readonly [path: string, body: unknown])[] = [
  ['kv/range', { key }],
  ['kv/put', { key, value: base64('1') }],
  ['kv/put', { key, value: base64('2'), prev_kv: true }],
  ['kv/put', { key, value: base64('3'), prevKv: true }],
  ['kv/put', { key: base64('other'), value: '' }],
  ['kv/put', { key, ignore_value: true, value: base64('4') }],
  ['kv/put', { key, lease: '12345' }],
  ['kv/range', { key }],
  [
    'kv/range',
    { key: base64('a'), range_end: base64('z'), limit: '1', sort_order: 'DESCEND', sort_target: 'MOD' },
  ],
  ['kv/range', { key: base64('a'), range_end: base64('z'), keys_only: true, sort_order: 1 }],
  ['kv/range', { key: base64('a'), range_end: base64('z'), count_only: true }],
  ['kv/range', { key, revision: '2' }],
  ['kv/range', { key, revision: 99 }],
  ['kv/range', { key: '' }],
  ['kv/range', ''],
  ['kv/range', 'null'],
  ['kv/range', '{"key":"a2V5"} more'],
  ['kv/range', '{'],
  ['kv/range', '[]'],
  ['kv/range', '"x"'],
  ['kv/range', '{"key":"a2V5",}'],
  ['kv/range', { key: '!!' }],
  ['kv/range', { key: 'a2V' }],
  ['kv/range', { key: 'Zm-_' }],
  ['kv/range', { key: 1 }],
  ['kv/range', { key, nope: 1 }],
  ['kv/range', { key, limit: 5.5 }],
  ['kv/range', { key, limit: 'x' }],
  ['kv/range', { key, limit: '' }],
  ['kv/range', { key, limit: true }],
  ['kv/range', { key, limit: '9223372036854775808' }],
  ['kv/range', { key, serializable: 'yes' }],
  [
    'kv/txn',
    { compare: [{ key, target: 'CREATE', create_revision: '0' }], failure: [{ request_range: { key } }] },
  ],
  [
    'kv/txn',
    { compare: [{ key, target: 1, result: 0, create_revision: '2' }], success: [{ request_put: { key } }] },
  ],
  ['kv/txn', { success: [{ request_txn: {} }, { requestDeleteRange: { key: base64('x') } }] }],
  ['kv/txn', { success: [{ request_put: { key } }, { request_put: { key } }] }],
  ['kv/txn', { compare: {} }],
  ['kv/txn', { compare: [3] }],
  ['kv/deleterange', { key, prev_kv: true }],
  ['kv/deleterange', { key }],
  ['kv/compaction', { revision: '3' }],
  ['kv/compaction', { revision: '3' }],
  ['kv/range', { key, revision: 2 }],
];
const leases: readonly (readonly [path: string, body: unknown])[] = [
  ['lease/grant', { TTL: 60, ID: '7587862094711222000' }],
  ['lease/grant', { TTL: '60', ID: 7587862094711222000n.toString() }],
  ['lease/grant', '{"TTL":60,"ID":9223372036854775807}'],
  ['lease/grant', { TTL: 60, ID: -5 }],
  ['lease/keepalive', { ID: '7587862094711222000' }],
  ['lease/keepalive', '{"ID":9223372036854775807}{"ID":"1"}'],
  ['lease/keepalive', { ID: 'x' }],
  ['lease/keepalive', '{'],
  ['kv/put', { key: base64('leased'), lease: '7587862094711222000' }],
  ['lease/timetolive', { ID: '77' }],
  ['kv/lease/timetolive', { ID: 78, keys: true }],
  ['lease/revoke', { ID: '7587862094711222000' }],
  ['kv/lease/revoke', { ID: '7587862094711222000' }],
  ['lease/revoke', { ID: '9223372036854775807' }],
  ['lease/leases', {}],
  ['kv/lease/leases', ''],
  ['kv/range', { key: base64('leased') }],
];
const auth: readonly (readonly [path: string, body: unknown])[] = [
  ['auth/authenticate', { name: 'root', password: 'x' }],
  ['auth/enable', {}],
  ['auth/disable', {}],
  ['auth/user/add', { name: 'u', password: 'p' }],
  ['auth/user/add', { name: 'u', password: 'p' }],
  ['auth/user/add', { name: '', password: 'p' }],
  ['auth/user/add', { name: 'np', options: { no_password: true } }],
  ['auth/user/add', { name: 5 }],
  ['auth/user/get', { name: 'u' }],
  ['auth/user/get', { name: 'zz' }],
  ['auth/user/list', {}],
  ['auth/user/changepw', { name: 'u', password: 'q' }],
  ['auth/user/changepw', { name: 'zz', password: 'q' }],
  ['auth/role/add', { name: 'r' }],
  ['auth/role/add', { name: 'r' }],
  ['auth/role/add', { name: '' }],
  ['auth/role/get', { role: 'r' }],
  ['auth/role/get', { role: 'root' }],
  ['auth/role/list', {}],
  ['auth/user/grant', { user: 'u', role: 'r' }],
  ['auth/user/grant', { user: 'u', role: 'r' }],
  ['auth/user/grant', { user: 'u', role: 'zz' }],
  ['auth/user/grant', { user: 'zz', role: 'r' }],
  ['auth/user/grant', { user: 'u', role: 'root' }],
  ['auth/user/get', { name: 'u' }],
  ['auth/role/grant', { name: 'r', perm: { permType: 'READWRITE', key: 'YQ==', range_end: 'Yg==' } }],
  ['auth/role/grant', { name: 'r', perm: { permType: 1, key: 'YQ==', range_end: 'Yg==' } }],
  ['auth/role/grant', { name: 'r', perm: { key: 'MQ==' } }],
  ['auth/role/grant', { name: 'zz', perm: { key: 'MQ==' } }],
  ['auth/role/get', { role: 'r' }],
  ['auth/role/revoke', { role: 'r', key: 'MQ==' }],
  ['auth/role/revoke', { role: 'r', key: 'MQ==' }],
  ['auth/role/revoke', { role: 'zz', key: 'MQ==' }],
  ['auth/user/revoke', { name: 'u', role: 'root' }],
  ['auth/user/revoke', { name: 'u', role: 'root' }],
  ['auth/user/revoke', { name: 'zz', role: 'r' }],
  ['auth/role/delete', { role: 'r' }],
  ['auth/role/delete', { role: 'r' }],
  ['auth/user/get', { name: 'u' }],
  ['auth/user/delete', { name: 'u' }],
  ['auth/user/delete', { name: 'u' }],
  ['auth/user/add', { name: 'root', password: 'p' }],
  ['auth/enable', {}],
  ['auth/user/delete', { name: 'root' }],
  ['auth/user/list', {}],
  ['auth/role/list', {}],
];

test('the gateway answers what that of etcd answers, byte by byte', async (t) => {
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const [etcd, tanist] = await Promise.all([startRealEtcd(), startEtcdCluster(1)]);
  try {
    const served = (await post(tanist.endpoints[0]!, '/v3/lease/leases', {})).status !== 501;
    if (!served) t.log('without leases: that service is not there');
    for (const [path, body] of [...kv, ...(served ? leases : []), ...auth]) {
      const theirs = await post(etcd.endpoint, `/v3/${path}`, body);
      const ours = await post(tanist.endpoints[0]!, `/v3/${path}`, body);
      t.is(comparable(ours), comparable(theirs), `${path} ${JSON.stringify(body)}`);
    }
  } finally {
    await Promise.all([etcd.stop(), tanist.stop()]);
  }
});
