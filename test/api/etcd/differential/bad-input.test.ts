import test from 'ava';
import {
  authMethods,
  clusterMethods,
  type EtcdMethod,
  electionMethods,
  kvMethods,
  leaseMethods,
  lockMethods,
  maintenanceMethods,
} from '../../../../src/protocol/etcd/methods.ts';
import { patient, startEtcdCluster, tool } from '../etcd-cluster.ts';
import { RawStream } from '../raw-stream.ts';
import { RawClient } from './raw-client.ts';
import { startRealEtcd } from './real-etcd.ts';

const services = [
  kvMethods,
  leaseMethods,
  clusterMethods,
  maintenanceMethods,
  authMethods,
  lockMethods,
  electionMethods,
];
const unaryMethods = services
  .flatMap((service): EtcdMethod[] => Object.values(service))
  .filter(({ responseStream }) => !responseStream)
  // etcd 3.4 has neither.
  .filter((method) => method !== maintenanceMethods.downgrade && method !== authMethods.authStatus);

/** Bytes that no message is. */
const malformed: Readonly<Record<string, string>> = {
  'a length beyond the end': '0ac801',
  'a cut varint': '0aff',
  'field number 0': '0200',
  'wire type 7': '0f',
  'an unknown field that is cut off': 'fa3f0561',
};

test('malformed messages fail with the code of etcd in every unary method', async (t) => {
  t.timeout(60_000);
  if (!(await tool(t, 'etcd', 'etcd-server'))) return t.pass();
  const [tanist, etcd] = await Promise.all([startEtcdCluster(1, patient), startRealEtcd()]);
  const ours = new RawClient(tanist.endpoints[0]!);
  const real = new RawClient(etcd.endpoint);
  const codeOf = async (client: RawClient, method: EtcdMethod, bytes: Buffer): Promise<string> => {
    const answer = await client.callBytes(method, bytes);
    return answer.kind === 'message' ? 'answered' : `code ${answer.code}`;
  };
  try {
    const left: string[] = [];
    const right: string[] = [];
    for (const method of unaryMethods)
      for (const [name, hex] of Object.entries(malformed)) {
        const bytes = Buffer.from(hex, 'hex');
        const what = `${method.path}, ${name}: `;
        left.push(what + (await codeOf(ours, method, bytes)));
        right.push(what + (await codeOf(real, method, bytes)));
      }
    const keepAlive = async (endpoint: string): Promise<number | undefined> => {
      const stream = new RawStream(endpoint, leaseMethods.leaseKeepAlive);
      stream.sendBytes(Buffer.from('0aff', 'hex'));
      const error = await stream.ended();
      stream.close();
      return error?.code;
    };
    t.is(await keepAlive(tanist.endpoints[0]!), await keepAlive(etcd.endpoint));
    const differing = left.filter((line, i) => line !== right[i]);
    t.deepEqual(differing, [], 'not so with etcd');
  } finally {
    for (const client of [ours, real]) client.close();
    await Promise.all([tanist.stop(), etcd.stop()]);
  }
});
