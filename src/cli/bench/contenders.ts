import { join } from 'node:path';
import { TanistError } from '../../foundation/errors.ts';
import type { Cleanup } from '../../local/cleanup.ts';
import { startEtcdCluster } from '../../local/etcd/etcd-cluster.ts';
import { encodePut, encodeRange } from '../../local/etcd/etcd-messages.ts';
import { type LocalCluster, startLocalCluster } from '../../local/local-cluster.ts';
import { clusterStatus, openClient } from '../client.ts';
import type { Load } from './load/closed-loop.ts';
import { type Generator, startGenerator } from './load/generator.ts';
import { h2load } from './load/h2load.ts';
import type { LoadResult } from './load/latencies.ts';
import { sampleKey, sampleValues } from './load/samples.ts';
import type { BenchKvOptions } from './options.ts';

/** One way of driving one store; the rounds of all of them alternate, so that a noisy neighbour hurts all alike. */
export interface Contender {
  readonly name: 'tanist' | 'tanistNodeClient' | 'etcd' | 'etcdNodeClient';
  readonly label: string;
  readonly generator: string;
  round(): Promise<LoadResult>;
}

const fillInFlight = 256;

/** Starts the stores that the options name, with every key in them. */
export async function startContenders(
  kind: 'put' | 'get',
  load: Load,
  options: BenchKvOptions,
  folder: string,
  stack: Cleanup,
): Promise<readonly Contender[]> {
  const cluster = await startLocalCluster({ folder: join(folder, 'tanist'), hot: 3 });
  stack.defer(() => cluster.stop());
  const drive = { kind, load, options, folder, stack };
  const contenders =
    options.api === 'native'
      ? [await nativeContender(cluster, drive)]
      : await etcdApiContenders(await leaderOf(cluster), 'tanist', 'Tanist', drive);
  if (options.against !== 'etcd') return contenders;
  const etcd = await startEtcdCluster(join(folder, 'etcd'));
  stack.defer(() => etcd.stop());
  const leader = etcd.endpoints[await etcd.leader()] ?? '';
  return [...contenders, ...(await etcdApiContenders(leader, 'etcd', 'etcd', drive))];
}

interface Drive {
  readonly kind: 'put' | 'get';
  readonly load: Load;
  readonly options: BenchKvOptions;
  readonly folder: string;
  readonly stack: Cleanup;
}

async function nativeContender(cluster: LocalCluster, drive: Drive): Promise<Contender> {
  const generator = await filledGenerator('tanist', cluster.endpoints, drive);
  return {
    name: 'tanist',
    label: 'Tanist',
    generator: 'tanist/client, one process',
    round: () => generator.run(drive.kind, drive.load),
  };
}

/** etcd's API at one endpoint, in two ways. */
async function etcdApiContenders(
  endpoint: string,
  name: 'tanist' | 'etcd',
  label: string,
  drive: Drive,
): Promise<readonly Contender[]> {
  const { kind, load, options, folder } = drive;
  const generator = await filledGenerator('etcd', [endpoint], drive);
  const { range = 1 } = options;
  const key = sampleKey(0);
  const message =
    kind === 'put'
      ? encodePut(key, sampleValues(options.valueBytes)[0] ?? key)
      : encodeRange(range === 1 ? { key } : { key, rangeEnd: sampleKey(range) });
  const method = `/etcdserverpb.KV/${kind === 'put' ? 'Put' : 'Range'}`;
  return [
    {
      name,
      label,
      generator: `h2load, one connection to the leader, ${range === 1 ? 'one key' : 'one range'}`,
      round: () => h2load(endpoint, method, message, load, folder),
    },
    {
      name: `${name}NodeClient`,
      label: `${label}, Node client`,
      generator: 'grpc-js to the leader, one process',
      round: () => generator.run(kind, load),
    },
  ];
}

async function filledGenerator(
  api: 'tanist' | 'etcd',
  endpoints: readonly string[],
  { options, stack }: Drive,
): Promise<Generator> {
  const generator = await startGenerator({
    api,
    endpoints,
    keys: options.keys,
    valueBytes: options.valueBytes,
    ...(options.range === undefined ? {} : { range: options.range }),
  });
  stack.defer(() => generator.stop());
  await generator.fill(fillInFlight);
  return generator;
}

/** Its address for clients. */
export async function leaderOf(cluster: LocalCluster): Promise<string> {
  const client = await openClient(cluster.endpoints);
  try {
    // Answered as soon as there is one.
    await client.get(sampleKey(0), { deadlineMs: 20_000 });
    const { leader } = await clusterStatus(client, cluster.endpoints, {});
    if (leader === null) throw new TanistError('no-leader', 'no leader');
    return cluster.node(leader).addresses.client;
  } finally {
    await client.close();
  }
}
