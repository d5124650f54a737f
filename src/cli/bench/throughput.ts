import { join } from 'node:path';
import { type Cleanup, cleanup } from '../local/cleanup.ts';
import { workFolder } from '../local/work-folder.ts';
import { startLocalCluster } from '../local-cluster.ts';
import { figure } from '../terminal/figure.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { startEtcdCluster } from './etcd/etcd-cluster.ts';
import { encodePut, encodeRange } from './etcd/etcd-messages.ts';
import type { Load, LoadResult } from './load/closed-loop.ts';
import { type Generator, startGenerator } from './load/generator.ts';
import { h2load } from './load/h2load.ts';
import { sampleKey, sampleValues } from './load/samples.ts';
import type { BenchKvOptions } from './options.ts';
import { median, rounded } from './statistics.ts';

/** One way of driving one store; the rounds of all of them alternate, so that a noisy neighbour hurts all alike. */
interface Contender {
  readonly name: 'tanist' | 'etcd' | 'etcdNodeClient';
  readonly label: string;
  readonly generator: string;
  round(): Promise<LoadResult>;
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly generator: string;
  readonly rounds: readonly number[];
  readonly failed: number;
}

const warmUpSeconds = 3;
const fillInFlight = 256;

/** `bench kv` and `bench read`. */
export async function benchThroughput(what: 'kv' | 'read', options: BenchKvOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const kind = what === 'kv' ? 'put' : 'get';
  const load: Load = { inFlight: options.clients, seconds: options.seconds, warmUpSeconds };
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const contenders = [await tanistContender(kind, load, options, folder.path, stack)];
  if (options.against === 'etcd')
    contenders.push(...(await etcdContenders(kind, load, options, folder.path, stack)));
  const results = new Map<Contender, LoadResult[]>(contenders.map((contender) => [contender, []]));
  out.say(
    `${what === 'kv' ? 'puts' : 'linearizable reads'}, ${options.clients} in flight, values of ${options.valueBytes} B, ${options.keys} keys; ` +
      `${options.rounds} rounds of ${options.seconds} s each`,
  );
  for (let round = 1; round <= options.rounds; round++)
    for (const contender of contenders) {
      out.progress.update(`round ${round} of ${options.rounds}: ${contender.label} …`);
      const result = await contender.round();
      results.get(contender)?.push(result);
      out.say(out.style.dim(`round ${round}: ${contender.label} ${figure(result.perSecond)} a second`));
    }
  out.progress.clear();
  summary(
    contenders.map((contender) => [contender, figuresOf(contender, results.get(contender) ?? [])] as const),
    out,
  );
}

function figuresOf(contender: Contender, rounds: readonly LoadResult[]): Figures {
  return {
    perSecond: rounded(median(rounds.map((round) => round.perSecond)), 0),
    p50Ms: rounded(median(rounds.map((round) => round.p50Ms)), 3),
    p99Ms: rounded(median(rounds.map((round) => round.p99Ms)), 3),
    generator: contender.generator,
    rounds: rounds.map((round) => rounded(round.perSecond, 0)),
    failed: rounds.reduce((sum, round) => sum + round.failed, 0),
  };
}

function summary(all: readonly (readonly [Contender, Figures])[], out: Output): void {
  const by = new Map(all.map(([contender, figures]) => [contender.name, figures]));
  const ours = by.get('tanist')?.perSecond ?? Number.NaN;
  const against = (name: Contender['name']): number | undefined => {
    const theirs = by.get(name);
    return theirs === undefined ? undefined : rounded(ours / theirs.perSecond);
  };
  const ratio = against('etcd');
  const ratioSameClient = against('etcdNodeClient');
  out.table(
    ['', 'a second', 'p50 ms', 'p99 ms', 'driven by'],
    all.map(([contender, f]) => [contender.label, f.perSecond, f.p50Ms, f.p99Ms, f.generator]),
  );
  if (ratio !== undefined)
    out.say(
      `\nTanist does ${ratio} times what etcd does, ${ratioSameClient} times under the same kind of client`,
    );
  out.document({
    ...Object.fromEntries(by),
    ...(ratio === undefined ? {} : { ratio }),
    ...(ratioSameClient === undefined ? {} : { ratioSameClient }),
  });
}

async function tanistContender(
  kind: 'put' | 'get',
  load: Load,
  options: BenchKvOptions,
  folder: string,
  stack: Cleanup,
): Promise<Contender> {
  const cluster = await startLocalCluster({ folder: join(folder, 'tanist'), hot: 3 });
  stack.defer(() => cluster.stop());
  const generator = await ownGenerator('tanist', cluster.endpoints, options, stack);
  await generator.fill(fillInFlight);
  return {
    name: 'tanist',
    label: 'Tanist',
    generator: 'tanist/client, one process',
    round: () => generator.run(kind, load),
  };
}

async function etcdContenders(
  kind: 'put' | 'get',
  load: Load,
  options: BenchKvOptions,
  folder: string,
  stack: Cleanup,
): Promise<readonly Contender[]> {
  const cluster = await startEtcdCluster(join(folder, 'etcd'));
  stack.defer(() => cluster.stop());
  const leader = await cluster.leader();
  const endpoint = cluster.endpoints[leader] ?? '';
  const generator = await ownGenerator('etcd', [endpoint], options, stack);
  await generator.fill(fillInFlight);
  const key = sampleKey(0);
  const message =
    kind === 'put' ? encodePut(key, sampleValues(options.valueBytes)[0] ?? key) : encodeRange({ key });
  const method = `/etcdserverpb.KV/${kind === 'put' ? 'Put' : 'Range'}`;
  return [
    {
      name: 'etcd',
      label: 'etcd',
      generator: 'h2load, one connection to the leader, one key',
      round: () => h2load(endpoint, method, message, load, folder),
    },
    {
      name: 'etcdNodeClient',
      label: 'etcd, Node client',
      generator: 'grpc-js to the leader, one process',
      round: () => generator.run(kind, load),
    },
  ];
}

async function ownGenerator(
  api: 'tanist' | 'etcd',
  endpoints: readonly string[],
  options: BenchKvOptions,
  stack: Cleanup,
): Promise<Generator> {
  const generator = await startGenerator({
    api,
    endpoints,
    keys: options.keys,
    valueBytes: options.valueBytes,
  });
  stack.defer(() => generator.stop());
  return generator;
}
