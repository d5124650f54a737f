import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../foundation/errors.ts';
import { median, quantile, rounded } from '../../foundation/statistics.ts';
import { cleanup } from '../../local/cleanup.ts';
import { workFolder } from '../../local/work-folder.ts';
import { type Outage, outageOf } from '../../verification/outage.ts';
import { figure } from '../terminal/figure.ts';
import { outputTo } from '../terminal/output.ts';
import { type Contender, startContenders } from './failover-contenders.ts';
import { startOpenLoop } from './load/open-loop.ts';
import type { BenchFailoverOptions } from './options.ts';
import type { Store } from './store.ts';

/** Load after the recovery, so that it is seen to hold. */
const afterMs = 150;
const patienceMs = 20_000;
/** A leader that moves on sooner had only stumbled, and its followers would learn to wait for it. */
const leastFrozenMs = 1_000;
const value = randomBytes(256);

export interface Run {
  readonly outageMs: number;
  readonly acknowledged: number;
  readonly lost: number;
}

/** `bench failover`. */
export async function benchFailover(options: BenchFailoverOptions): Promise<void> {
  const out = outputTo(options.json === true);
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const contenders = await startContenders(options, folder.path, stack);
  const gaveUp = new Map<Contender, TanistError>();
  const runs = new Map<Contender, Run[]>(contenders.map((each) => [each, []]));
  out.say(
    `${options.fault} of the leader after ${options.leadIn} s under ${options.rate} writes/s, ${options.runs} times`,
  );
  for (let number = 1; number <= options.runs; number++)
    for (const contender of contenders) {
      const { name, store, prepare } = contender;
      if (gaveUp.has(contender)) continue;
      out.progress.update(`run ${number} of ${options.runs}: ${name} …`);
      const run = await prepare()
        .then(() => oneRun(store, `failover/${number}/`, options))
        .catch((error: unknown) => {
          if (!(error instanceof TanistError)) throw error;
          return error;
        });
      if (run instanceof TanistError) {
        // What was measured until then counts, and so does what it ended with.
        gaveUp.set(contender, run);
        out.say(out.style.red(`run ${number}: ${run.message}; no further runs of it`));
        continue;
      }
      runs.get(contender)?.push(run);
      const lost = run.lost === 0 ? '' : out.style.red(`, ${run.lost} lost`);
      const predicted = await contender.brought();
      const brought = predicted === 0 ? '' : `, ${predicted} predictions brought`;
      out.say(out.style.dim(`run ${number}: ${name} ${figure(run.outageMs)} ms${lost}${brought}`));
    }
  out.progress.clear();
  const results = contenders.map((each) => [each.name, resultOf(runs.get(each) ?? [])] as const);
  out.table(
    ['outage', 'median ms', 'p99 ms', 'max ms', 'runs', 'acknowledged', 'lost'],
    results.map(([name, r]) => [name, r.medianMs, r.p99Ms, r.maxMs, r.runs, r.acknowledged, r.lost]),
  );
  const endedWith = Object.fromEntries([...gaveUp].map(([{ name }, { message }]) => [name, message]));
  out.document({
    ...Object.fromEntries(results),
    endedWith,
    fault: options.fault,
    rate: options.rate,
    leadIn: options.leadIn,
  });
  const lost = contenders.reduce(
    (sum, { store }, i) => sum + (store.name === 'tanist' ? (results[i]?.[1].lost ?? 0) : 0),
    0,
  );
  if (lost > 0)
    throw new TanistError('data-damaged', `${lost} acknowledged writes were not found afterwards`);
  const [first] = gaveUp.values();
  if (first !== undefined) throw first;
}

export function resultOf(runs: readonly Run[]): {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly runs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly outagesMs: readonly number[];
} {
  const outages = runs.map((run) => run.outageMs);
  return {
    medianMs: rounded(median(outages)),
    p99Ms: rounded(quantile(outages, 0.99)),
    maxMs: rounded(Math.max(...outages)),
    runs: runs.length,
    acknowledged: runs.reduce((sum, run) => sum + run.acknowledged, 0),
    lost: runs.reduce((sum, run) => sum + run.lost, 0),
    outagesMs: outages.map((outage) => rounded(outage)),
  };
}

/** Each write has a key of its own, so that each acknowledged one can be looked for. */
export async function oneRun(
  store: Store,
  prefix: string,
  { fault, rate, leadIn }: Pick<BenchFailoverOptions, 'fault' | 'rate' | 'leadIn'>,
): Promise<Run> {
  const leader = await store.leader();
  const keyOf = (sequence: number): string => `${prefix}${String(sequence).padStart(8, '0')}`;
  const load = startOpenLoop(rate, (sequence) => store.put(keyOf(sequence), value));
  await delay(leadIn * 1000);
  const faultAtMs = performance.now();
  let endedAtMs = faultAtMs;
  if (fault === 'transfer') {
    await store.transfer();
    endedAtMs = performance.now();
  } else store.signal(leader, fault === 'kill' ? 'SIGKILL' : 'SIGSTOP');
  let outage: Outage | null = null;
  const untilMs = faultAtMs + patienceMs;
  while (outage === null && performance.now() < untilMs) {
    await delay(afterMs);
    outage = outageOf(load.acknowledged, faultAtMs, endedAtMs);
  }
  if (fault === 'freeze') {
    await delay(Math.max(0, faultAtMs + leastFrozenMs - performance.now()));
    store.signal(leader, 'SIGCONT');
  }
  // The gap is only known to have been the longest once the time after it has passed.
  await delay(afterMs);
  await load.stop();
  outage = outageOf(load.acknowledged, faultAtMs, endedAtMs);
  if (outage === null)
    throw new TanistError(
      'unavailable',
      `${store.name}: no write was acknowledged within ${patienceMs / 1000} s of the fault`,
    );
  if (fault === 'kill') await store.restart(leader);
  await store.caughtUp();
  const found = await store.keysWithPrefix(prefix);
  const lost = load.acknowledged.filter(({ sequence }) => !found.has(keyOf(sequence))).length;
  await store.deletePrefix(prefix);
  return { outageMs: outage.outageMs, acknowledged: load.acknowledged.length, lost };
}
