import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TanistError } from '../../foundation/errors.ts';
import { type Growth, growthOf } from '../../foundation/growth.ts';
import { rounded } from '../../foundation/statistics.ts';
import { cleanup } from '../../local/cleanup.ts';
import { type LocalCluster, startLocalCluster } from '../../local/local-cluster.ts';
import { memoryOf, type ProcessMemory } from '../../local/process-memory.ts';
import { workFolder } from '../../local/work-folder.ts';
import { openClient } from '../client.ts';
import { figure } from '../terminal/figure.ts';
import { type Output, outputTo } from '../terminal/output.ts';
import { leaderOf } from './contenders.ts';
import type { Load } from './load/closed-loop.ts';
import { type Generator, type LoadKind, startGenerator } from './load/generator.ts';
import type { LoadResult } from './load/latencies.ts';
import { mixInWords } from './load/mixed.ts';
import type { PacedLoad } from './load/paced-loop.ts';
import type { BenchSoakOptions } from './options.ts';
import { SoakEvents } from './soak-events.ts';
import { idleWatches } from './watch/idle-watches.ts';

const mebibyte = 1024 ** 2;
const lookMs = 1000;
const stretches = 24;
/** Long enough for a p99 to mean something. */
const leastStretchSeconds = 1;
const fullLoadSeconds = 20;
const watches = 1000;
/** A mix overwrites for as long as it lasts: what nobody asks for any more must go, as where people run it. */
const compaction = { mode: 'periodic', keep: '1m' };
/** Growth over the whole time that does not matter. */
const negligible = { memoryMiB: 24, p99Ms: 5 };

interface Stretch {
  readonly endedSeconds: number;
  readonly result: LoadResult;
  /** Of each member. */
  readonly residentMiB: readonly (number | null)[];
  readonly anonymousMiB: readonly (number | null)[];
}

interface Sample {
  readonly atMs: number;
  /** Of each member; null where the system does not say. */
  readonly memory: readonly (ProcessMemory | null)[];
}

/** `bench soak`: a load for a long time; no election, and nothing that grows. */
export async function benchSoak(options: BenchSoakOptions): Promise<void> {
  const out = outputTo(options.json === true);
  const mixed = options.operations === 'mixed';
  await using folder = await workFolder(undefined, 'tanist-bench-');
  await using stack = cleanup();
  const events = new SoakEvents();
  const cluster = await startLocalCluster({
    folder: join(folder.path, 'tanist'),
    hot: 3,
    ...(mixed ? { config: { compaction } } : {}),
    onLog: (member, record) => events.take(member, record),
  });
  stack.defer(() => cluster.stop());
  const generator = await startGenerator({
    keys: options.keys,
    valueBytes: options.valueBytes,
    ...(options.api === 'native'
      ? { api: 'tanist', endpoints: cluster.endpoints }
      : { api: 'etcd', endpoints: [await leaderOf(cluster)] }),
  });
  stack.defer(() => generator.stop());
  const client = await openClient(cluster.endpoints);
  stack.defer(() => client.close());
  out.progress.update(`${figure(options.keys)} keys …`);
  await generator.fill(options.clients);
  const watching = mixed ? await idleWatches(cluster.endpoints, options.api, watches, options.keys) : null;
  stack.defer(async () => watching?.close());
  const load = await loadOf(generator, options, out.progress.update);
  out.say(
    `${mixed ? mixInWords : 'puts'}; values of ${options.valueBytes} B, ${figure(options.keys)} keys` +
      `${mixed ? `, ${figure(watches)} watches, revisions kept for ${compaction.keep}` : ''}; ` +
      ('perSecond' in load ? `${figure(rounded(load.perSecond, 0))} a second` : 'full load'),
  );
  const firstTerm = (await client.status()).term;
  events.restart();
  let elections = 0;
  const { told, samples } = await stretchAfterStretch(cluster, generator, load, options, async (atMs) => {
    const { term } = await client.status().catch(() => ({ term: firstTerm + elections }));
    elections = term - firstTerm;
    out.progress.update(
      `${figure(rounded(atMs / 1000, 0))} of ${figure(options.minutes * 60)} s, ${elections} elections`,
    );
  });
  elections = (await client.status()).term - firstTerm;
  out.progress.clear();
  const members = cluster.nodes.map(({ id }) => id);
  tellStretches(out, members, told);
  events.tell(out);
  const growth = growthIn(told, samples, members);
  const results = told.map(({ result }) => result);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const perSecond = rounded(results.reduce((sum, result) => sum + result.perSecond, 0) / results.length, 0);
  out.table(
    ['figure', 'value'],
    [
      ['elections', elections],
      ['suspicions', events.suspicions],
      ['operations a second', perSecond],
      ['failed', failed],
      ...(watching === null ? [] : [['events heard of', watching.events()]]),
      ...members.flatMap((id) => [
        [`memory of ${id}`, inWords(growth.anonymousMiB[id] ?? null, 'MiB')],
        [`and mapped files`, inWords(growth.residentMiB[id] ?? null, 'MiB')],
      ]),
      ['p99', inWords(growth.p99Ms, 'ms')],
    ],
  );
  const { minutes, api, operations } = options;
  out.document({
    tanist: {
      ...{ minutes, api, operations, load, elections, perSecond, failed, growth },
      suspicions: events.suspicions,
      events: events.all,
      stretches: told,
    },
  });
  if (elections > 0) throw new TanistError('unavailable', `${elections} false elections under load`);
}

/** What each stretch asks of the generator, but for how long. */
async function loadOf(
  generator: Generator,
  { share, clients, operations }: BenchSoakOptions,
  tell: (line: string) => void,
): Promise<Load | PacedLoad> {
  const full: Load = { inFlight: clients, seconds: fullLoadSeconds, warmUpSeconds: 0 };
  if (share === undefined) return full;
  tell(`${fullLoadSeconds} s of full load …`);
  const { perSecond } = await generator.run(kindOf(operations), full);
  return { ...full, perSecond: perSecond * share };
}

function kindOf(operations: BenchSoakOptions['operations']): LoadKind {
  return operations === 'mixed' ? 'mixed' : 'put';
}

/** The load in parts of equal length, one upon the other, with a look at the cluster every second. */
async function stretchAfterStretch(
  cluster: LocalCluster,
  generator: Generator,
  load: Load | PacedLoad,
  { minutes, operations }: BenchSoakOptions,
  look: (atMs: number) => Promise<void>,
): Promise<{ readonly told: readonly Stretch[]; readonly samples: readonly Sample[] }> {
  const count = Math.max(1, Math.min(stretches, Math.floor((minutes * 60) / leastStretchSeconds)));
  const seconds = (minutes * 60) / count;
  const startedMs = performance.now();
  const memory = (): Promise<readonly (ProcessMemory | null)[]> =>
    Promise.all(cluster.nodes.map(({ pid }) => memoryOf(pid)));
  const told: Stretch[] = [];
  const samples: Sample[] = [];
  let done = false;
  const loading = (async () => {
    for (let stretch = 0; stretch < count; stretch++) {
      const result = await generator.run(kindOf(operations), { ...load, seconds });
      const endedSeconds = rounded((performance.now() - startedMs) / 1000, 0);
      const now = await memory();
      const inMiB = (kind: keyof ProcessMemory) =>
        now.map((each) => (each === null ? null : rounded(each[kind] / mebibyte, 0)));
      told.push({
        ...{ endedSeconds, result },
        ...{ residentMiB: inMiB('residentBytes'), anonymousMiB: inMiB('anonymousBytes') },
      });
    }
  })().finally(() => {
    done = true;
  });
  while (!done) {
    await Promise.race([loading, delay(lookMs)]);
    const atMs = performance.now() - startedMs;
    samples.push({ atMs, memory: await memory() });
    await look(atMs);
  }
  await loading;
  return { told, samples };
}

interface SoakGrowth {
  /** By member. */
  readonly anonymousMiB: Readonly<Record<string, Growth | null>>;
  readonly residentMiB: Readonly<Record<string, Growth | null>>;
  readonly p99Ms: Growth | null;
}

function growthIn(
  told: readonly Stretch[],
  samples: readonly Sample[],
  members: readonly string[],
): SoakGrowth {
  const ofMemory = (kind: keyof ProcessMemory) =>
    Object.fromEntries(
      members.map((id, member) => {
        const values = samples.flatMap(({ atMs, memory }) => {
          const bytes = memory[member]?.[kind];
          return bytes === undefined ? [] : [{ atMs, value: bytes / mebibyte }];
        });
        return [id, growthOf(values, negligible.memoryMiB)];
      }),
    );
  return {
    anonymousMiB: ofMemory('anonymousBytes'),
    residentMiB: ofMemory('residentBytes'),
    p99Ms: growthOf(
      told.map(({ endedSeconds, result }) => ({ atMs: endedSeconds * 1000, value: result.p99Ms })),
      negligible.p99Ms,
    ),
  };
}

function tellStretches(out: Output, members: readonly string[], told: readonly Stretch[]): void {
  out.table(
    ['until s', 'a second', 'p50 ms', 'p99 ms', 'max ms', ...members.map((id) => `${id} MiB`)],
    told.map(({ endedSeconds, result: { perSecond, p50Ms, p99Ms, maxMs }, anonymousMiB, residentMiB }) => [
      ...[endedSeconds, rounded(perSecond, 0), rounded(p50Ms, 2), rounded(p99Ms, 1), rounded(maxMs, 0)],
      ...members.map((_, member) => `${anonymousMiB[member] ?? '?'} of ${residentMiB[member] ?? '?'}`),
    ]),
  );
  out.say('');
}

function inWords(growth: Growth | null, unit: string): string {
  if (growth === null) return 'too short a time to say';
  const { first, last, perHour, noisePerHour, flat } = growth;
  return `${figure(rounded(first, 1))} to ${figure(rounded(last, 1))} ${unit}, ${figure(rounded(perHour, 1))} ± ${figure(rounded(noisePerHour, 1))} an hour: ${flat ? 'flat' : 'grows'}`;
}
