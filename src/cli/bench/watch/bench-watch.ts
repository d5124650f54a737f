import { join } from 'node:path';
import { median, rounded } from '../../../foundation/statistics.ts';
import { cleanup } from '../../../local/cleanup.ts';
import { startEtcdCluster } from '../../../local/etcd/etcd-cluster.ts';
import { type LocalCluster, startLocalCluster } from '../../../local/local-cluster.ts';
import { workFolder } from '../../../local/work-folder.ts';
import { figure } from '../../terminal/figure.ts';
import { outputTo } from '../../terminal/output.ts';
import type { LoadResult } from '../load/latencies.ts';
import { watchRound } from './watch-generator.ts';
import type { WatchShape } from './watch-load.ts';

export interface BenchWatchOptions {
  readonly api: 'native' | 'etcd';
  readonly against?: 'etcd';
  readonly inFlight: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly valueBytes: number;
  readonly json?: boolean;
}

interface Contender {
  readonly name: 'tanist' | 'etcd';
  readonly api: 'native' | 'etcd';
  /** The leader's first. */
  readonly endpoints: readonly string[];
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rounds: readonly number[];
}

const shapes: readonly WatchShape[] = [
  { keys: 1, watchersPerKey: 1000 },
  { keys: 100, watchersPerKey: 100 },
];
const warmUpSeconds = 2;

/** `bench watch`. The generator reads HTTP/2 frames by itself, the same for both systems; the rounds alternate. */
export async function benchWatch(options: BenchWatchOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const cluster = await startLocalCluster({ folder: join(folder.path, 'tanist'), hot: 3 });
  stack.defer(() => cluster.stop());
  const contenders: Contender[] = [
    { name: 'tanist', api: options.api, endpoints: leaderFirst(cluster.endpoints, await primaryOf(cluster)) },
  ];
  if (options.against === 'etcd') {
    const etcd = await startEtcdCluster(join(folder.path, 'etcd'));
    stack.defer(() => etcd.stop());
    contenders.push({
      name: 'etcd',
      api: 'etcd',
      endpoints: leaderFirst(etcd.endpoints, await etcd.leader()),
    });
  }
  const { inFlight, seconds, valueBytes } = options;
  const load = { inFlight, seconds, warmUpSeconds, valueBytes };
  out.say(
    `${inFlight} puts under way, values of ${valueBytes} B; ${options.rounds} rounds of ${seconds} s each`,
  );
  const results: { shape: WatchShape; by: ReadonlyMap<string, Figures> }[] = [];
  for (const shape of shapes) {
    const rounds = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 1; round <= options.rounds; round++)
      for (const { name, api, endpoints } of contenders) {
        out.progress.update(`${labelOf(shape)}, round ${round} of ${options.rounds}: ${name} …`);
        const result = await watchRound({ api, endpoints, shape, load });
        rounds.get(name)?.push(result);
        out.say(out.style.dim(`${labelOf(shape)}: ${name} ${figure(result.perSecond)} events a second`));
      }
    results.push({ shape, by: new Map([...rounds].map(([name, each]) => [name, figuresOf(each)])) });
  }
  out.progress.clear();
  out.table(
    ['', '', 'events a second', 'p50 ms', 'p99 ms'],
    results.flatMap(({ shape, by }) =>
      [...by].map(([name, f]) => [labelOf(shape), name, f.perSecond, f.p50Ms, f.p99Ms]),
    ),
  );
  out.document({
    shapes: results.map(({ shape, by }) => {
      const [ours, theirs] = [by.get('tanist'), by.get('etcd')];
      const ratio = theirs === undefined ? {} : { ratio: rounded((ours?.perSecond ?? 0) / theirs.perSecond) };
      return { ...shape, ...Object.fromEntries(by), ...ratio };
    }),
  });
}

function labelOf({ keys, watchersPerKey }: WatchShape): string {
  return `${keys} ${keys === 1 ? 'key' : 'keys'} × ${watchersPerKey} watchers`;
}

function figuresOf(rounds: readonly LoadResult[]): Figures {
  return {
    perSecond: rounded(median(rounds.map((round) => round.perSecond)), 0),
    p50Ms: rounded(median(rounds.map((round) => round.p50Ms)), 3),
    p99Ms: rounded(median(rounds.map((round) => round.p99Ms)), 3),
    rounds: rounds.map((round) => rounded(round.perSecond, 0)),
  };
}

function leaderFirst(endpoints: readonly string[], leader: number): readonly string[] {
  return [...endpoints.slice(leader), ...endpoints.slice(0, leader)];
}

/** Which node says that it is the primary; waits for one. */
async function primaryOf({ nodes }: LocalCluster): Promise<number> {
  for (;;) {
    const answers = await Promise.all(
      nodes.map(({ addresses }) => fetch(`http://${addresses.http}/primary`).catch(() => null)),
    );
    const primary = answers.findIndex((answer) => answer?.status === 200);
    if (primary >= 0) return primary;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
