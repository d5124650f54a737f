import { TanistError } from '../../foundation/errors.ts';
import { median, rounded } from '../../foundation/statistics.ts';
import { cleanup } from '../../local/cleanup.ts';
import { workFolder } from '../../local/work-folder.ts';
import { figure } from '../terminal/figure.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { type Contender, startContenders } from './contenders.ts';
import type { Load } from './load/closed-loop.ts';
import type { LoadResult } from './load/latencies.ts';
import type { BenchKvOptions } from './options.ts';

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly generator: string;
  readonly rounds: readonly number[];
  readonly failed: number;
}

const warmUpSeconds = 3;

/** `bench kv` and `bench read`. */
export async function benchThroughput(what: 'kv' | 'read', options: BenchKvOptions): Promise<void> {
  const { range = 1 } = options;
  if (range > options.keys)
    throw new TanistError('invalid-argument', `--range ${range} is more than there are keys: raise --keys`);
  const out = outputTo(options.json === true);
  const kind = what === 'kv' ? 'put' : 'get';
  const load: Load = { inFlight: options.clients, seconds: options.seconds, warmUpSeconds };
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const contenders = await startContenders(kind, load, options, folder.path, stack);
  const results = new Map<Contender, LoadResult[]>(contenders.map((contender) => [contender, []]));
  out.say(
    `${what === 'kv' ? 'puts' : range === 1 ? 'linearizable reads' : `linearizable reads of ${range} keys each`}, ${options.clients} in flight, values of ${options.valueBytes} B, ${options.keys} keys; ` +
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
    range,
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

function summary(all: readonly (readonly [Contender, Figures])[], range: number, out: Output): void {
  const by = new Map(all.map(([contender, figures]) => [contender.name, figures]));
  const quotient = (ours: Contender['name'], theirs: Contender['name']): number | undefined => {
    const [left, right] = [by.get(ours), by.get(theirs)];
    return left === undefined || right === undefined ? undefined : rounded(left.perSecond / right.perSecond);
  };
  const ratio = quotient('tanist', 'etcd');
  const ratioSameClient = quotient(
    by.has('tanistNodeClient') ? 'tanistNodeClient' : 'tanist',
    'etcdNodeClient',
  );
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
    ...(range === 1 ? {} : { range }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(ratioSameClient === undefined ? {} : { ratioSameClient }),
  });
}
