import { InvalidArgumentError, Option } from 'commander';
import { type SignalName, signalNames } from '../../../failover/before-death/signals.ts';
import {
  type BenchDependenciesOptions,
  type DependencyPart,
  dependencyParts,
} from '../../bench/dependencies/options.ts';
import { type BenchMirrorsOptions, type MirrorPart, mirrorParts } from '../../bench/mirrors/options.ts';
import type {
  BenchFailoverOptions,
  BenchKvOptions,
  BenchMemoryOptions,
  BenchRestartOptions,
  BenchSoakOptions,
  BenchTiersOptions,
} from '../../bench/options.ts';
import { type TierMeasurement, tierMeasurements } from '../../bench/options.ts';
import type { BenchPredictOptions, PartName } from '../../bench/predict/options.ts';
import { partNames } from '../../bench/predict/options.ts';
import type { BenchWatchOptions } from '../../bench/watch/bench-watch.ts';
import { type Register, withJson } from '../../command.ts';
import { exitOnSignal } from '../../local/stop-signal.ts';
import { durationMs, fraction, positiveNumber, share, wholeNumber } from '../../terminal/arguments.ts';

const against = (): Option =>
  new Option('--against <what>', 'measure this side by side, from the PATH').choices(['etcd']);

export const benchCommand: Register = (program) => {
  const family = program.command('bench').summary('measure, side by side with etcd');
  withJson(
    family
      .command('failover')
      .summary('the outage that a client sees when the leader goes')
      .description(
        'From the last write acknowledged before to the first one acknowledged after, under a steady load of writes.\nEvery acknowledged write is read back; `lost` counts those that are not there.',
      )
      .addOption(
        new Option('--fault <kind>', 'kill (SIGKILL), freeze (SIGSTOP) or transfer (hand-over)')
          .choices(['kill', 'freeze', 'transfer'])
          .makeOptionMandatory(),
      )
      .option('--runs <count>', 'how many times', wholeNumber(1, 10_000), 10)
      .option(
        '--rate <writes>',
        'writes a second, sent whether or not they are answered',
        wholeNumber(10, 100_000),
        2000,
      )
      .option(
        '--lead-in <seconds>',
        'of load before each fault: connections and caches are warm then, and a node that was started anew after the last one has compiled what it runs',
        positiveNumber,
        0.7,
      )
      .option(
        '--predict <keys>',
        'write so many numeric keys once a second beside the load, and measure in turns without predictions and with a policy that asks for them',
        wholeNumber(1, 10_000),
      )
      .addOption(against()),
  ).action(async (options: BenchFailoverOptions) => {
    const { benchFailover } = await import('../../bench/failover.ts');
    exitOnSignal();
    await benchFailover(options);
  });
  for (const [name, summary] of [
    ['kv', 'puts a second, acknowledged from a synced majority'],
    ['read', 'linearizable reads a second'],
  ] as const) {
    const command = family.command(name).summary(summary);
    if (name === 'read')
      command.option('--range <keys>', 'keys that each read asks for', wholeNumber(1, 10_000), 1);
    withJson(
      command
        .description(
          'Closed loop. With --against etcd in alternating rounds, etcd under h2load (at its leader) and under a Node client like ours. With --api etcd Tanist is driven in the same two ways as etcd.',
        )
        .option('--clients <count>', 'operations in flight in all', wholeNumber(1, 100_000), 64)
        .addOption(
          new Option('--api <api>', 'how Tanist is driven').choices(['native', 'etcd']).default('native'),
        )
        .addOption(against())
        .option('--seconds <seconds>', 'of each round', positiveNumber, 5)
        .option('--rounds <count>', 'of each; the medians count', wholeNumber(1, 100), 3)
        .option('--keys <count>', 'different keys', wholeNumber(1, 10_000_000), 100_000)
        .option('--value-bytes <bytes>', 'size of a value', wholeNumber(0, 1_048_576), 256),
    ).action(async (options: BenchKvOptions) => {
      const { benchThroughput } = await import('../../bench/throughput.ts');
      exitOnSignal();
      await benchThroughput(name, options);
    });
  }
  withJson(
    family
      .command('watch')
      .summary('events a second to many watchers, and how late they are')
      .description(
        '1 key with 1,000 watchers, then 100 keys with 100 watchers each. A put counts as done when all its watchers have heard of it.\nWith --against etcd in alternating rounds; one generator for both, which takes HTTP/2 frames apart by itself.',
      )
      .addOption(
        new Option('--api <api>', 'how Tanist is driven').choices(['native', 'etcd']).default('etcd'),
      )
      .addOption(against())
      .option('--in-flight <count>', 'puts under way', wholeNumber(1, 10_000), 16)
      .option('--seconds <seconds>', 'of each round', positiveNumber, 5)
      .option('--rounds <count>', 'of each; the medians count', wholeNumber(1, 100), 3)
      .option('--value-bytes <bytes>', 'size of a value', wholeNumber(12, 1_048_576), 256),
  ).action(async (options: BenchWatchOptions) => {
    const { benchWatch } = await import('../../bench/watch/bench-watch.ts');
    exitOnSignal();
    await benchWatch(options);
  });
  withJson(
    family
      .command('restart')
      .summary('how long a node with many keys takes to serve again, and its memory')
      .option('--keys <count>', 'keys loaded first', wholeNumber(1, 100_000_000), 1_000_000)
      .option('--value-bytes <bytes>', 'size of a value', wholeNumber(0, 1_048_576), 256),
  ).action(async (options: BenchRestartOptions) => {
    const { benchRestart } = await import('../../bench/restart.ts');
    exitOnSignal();
    await benchRestart(options);
  });
  withJson(
    family
      .command('memory')
      .summary('what every member takes with many keys, and after as many overwrites')
      .description(
        "Resident memory of each of three processes: idle, with the keys, and after the overwrites with a compaction at every tenth of them.\nWritten through etcd's API in transactions, to both alike.",
      )
      .option('--keys <count>', 'keys loaded', wholeNumber(1, 100_000_000), 1_000_000)
      .option('--overwrites <count>', 'puts over them', wholeNumber(0, 1_000_000_000), 1_000_000)
      .option('--value-bytes <bytes>', 'size of a value', wholeNumber(0, 1_048_576), 256)
      .option('--batch <puts>', 'in one transaction', wholeNumber(1, 128), 100)
      .option('--settle-seconds <seconds>', 'before memory is read', positiveNumber, 10)
      .addOption(against()),
  ).action(async (options: BenchMemoryOptions) => {
    const { benchMemory } = await import('../../bench/memory/bench-memory.ts');
    exitOnSignal();
    await benchMemory(options);
  });
  withJson(
    family
      .command('tiers')
      .summary('warm and cold replicas: bytes, memory, lag, promotion, replacement, flipped bits')
      .description(
        `Each measurement on clusters of its own, beside what is promised of it: ${tierMeasurements.join(', ')}.\nThe load average of the machine is told with each: what others do on it is in the figures.`,
      )
      .option('--only <names>', 'these, separated by commas', listOf<TierMeasurement>(tierMeasurements))
      .option('--keys <count>', 'keys loaded first', wholeNumber(100, 100_000_000), 1_000_000)
      .option('--value-bytes <bytes>', 'size of a value', wholeNumber(1, 1_048_576), 256)
      .option('--critical <percent>', 'keys that are critical', wholeNumber(1, 100), 20)
      .option(
        '--rate <writes>',
        'a second (default: 5000 for lag, 2000 for the others)',
        wholeNumber(10, 100_000),
      )
      .option('--seconds <seconds>', 'of each stretch under a steady load', positiveNumber, 10)
      .option('--runs <count>', 'kills (failover), and rounds of CPU time (lag)', wholeNumber(1, 10_000), 5)
      .option('--grace <duration>', 'until a lost hot replica is replaced', durationMs, 15_000)
      .option('--settle-seconds <seconds>', 'before memory is read', positiveNumber, 10)
      .option('--seed <seed>', 'which bits flip', wholeNumber(0), 1),
  ).action(async (options: BenchTiersOptions) => {
    const { benchTiers } = await import('../../bench/tiers/bench-tiers.ts');
    exitOnSignal();
    await benchTiers(options);
  });
  withJson(
    family
      .command('predict')
      .summary('what predictions are good for, beside what is promised of them')
      .description(`Each part on clusters of its own: ${partNames.join(', ')}.`)
      .option('--only <names>', 'these parts, separated by commas', listOf<PartName>(partNames))
      .option('--runs <count>', 'of before-death, for each signal', wholeNumber(1, 1000), 10)
      .option(
        '--signals <names>',
        'of before-death, separated by commas',
        listOf<SignalName>(signalNames),
        signalNames,
      )
      .option('--minutes <minutes>', 'of ordinary', positiveNumber, 5)
      .option(
        '--keys <count>',
        'of table: numeric keys, each changed once a second',
        wholeNumber(1, 100_000),
        1000,
      )
      .option('--seconds <seconds>', 'of table: measured, in stretches of 5 s', positiveNumber, 30)
      .option(
        '--warm-up <seconds>',
        'of table, cold and early: before it, while models are chosen',
        positiveNumber,
        120,
      )
      .option('--data <dir>', 'of cold and early: CSV files (timestamp,value) to replay')
      .option('--promotions <count>', 'of cold and early', wholeNumber(1, 100), 3)
      .option(
        '--seed <seed>',
        'of cold and early: which stretches are replayed',
        wholeNumber(0, 1_000_000),
        1,
      )
      .option('--rate <writes>', 'a second', wholeNumber(10, 100_000), 500),
  ).action(async (options: BenchPredictOptions) => {
    const { benchPredict } = await import('../../bench/predict/bench-predict.ts');
    exitOnSignal();
    await benchPredict(options);
  });
  withJson(
    family
      .command('mirrors')
      .summary('mirrors of outside resources: how fresh, how fast, how gentle to the origin')
      .description(
        'freshness: change histories replayed against a simulated origin; every other policy makes as many calls as the mirrors did,\nand reads that waited for the origin are told for each. reads: from the mirror in this process. stampede: clients that all poll one stale mirror.',
      )
      .option('--only <names>', 'these parts, separated by commas', listOf<MirrorPart>(mirrorParts))
      .option(
        '--budgets <list>',
        'calls of the origin a change, separated by commas',
        positiveNumbers,
        [1, 2, 4],
      )
      .option(
        '--waiting-reads <list>',
        'share of reads that mirrors may let wait for a look that is due, separated by commas (`waitingReads` of a source)',
        fractions,
        [0.1],
      )
      .option('--reads <count>', 'reads a change', positiveNumber, 20)
      .option('--histories <path>', 'CSV files (timestamp,value) for further histories')
      .option('--no-generated', 'without the generated histories')
      .option('--no-real', 'without the bundled histories of real packages')
      .option('--clients <count>', 'of the stampede', wholeNumber(1, 10_000), 1000)
      .option('--seconds <seconds>', 'of each round of reads', positiveNumber, 3)
      .option('--seed <seed>', 'of the generated histories', wholeNumber(0), 1),
  ).action(async (options: BenchMirrorsOptions) => {
    const { benchMirrors } = await import('../../bench/mirrors/bench-mirrors.ts');
    exitOnSignal();
    await benchMirrors(options);
  });
  withJson(
    family
      .command('dependencies')
      .summary('what machines that share their dependencies save, and what it costs')
      .description(
        `Each part on a cluster of its own, beside what is promised of it: ${dependencyParts.join(', ')}. npm needs the network.\nThe load average of the machine is told with each.`,
      )
      .option('--only <names>', 'these parts, separated by commas', listOf<DependencyPart>(dependencyParts))
      .option('--seconds <seconds>', 'of registry: each stretch', positiveNumber, 5)
      .option('--agents <count>', 'of fleet', wholeNumber(1, 200), 20)
      .option('--runs <count>', 'of holder, for each fault, and of npm, each way', wholeNumber(1, 100), 3),
  ).action(async (options: BenchDependenciesOptions) => {
    const { benchDependencies } = await import('../../bench/dependencies/bench-dependencies.ts');
    exitOnSignal();
    await benchDependencies(options);
  });
  withJson(
    family
      .command('soak')
      .summary('a load for a long time; no election may happen, and nothing may grow')
      .option('--minutes <minutes>', 'how long', positiveNumber, 10)
      .addOption(
        new Option('--api <api>', 'how Tanist is driven').choices(['native', 'etcd']).default('native'),
      )
      .addOption(
        new Option('--operations <what>', 'puts, or all kinds of operations beside 1,000 watches')
          .choices(['puts', 'mixed'])
          .default('puts'),
      )
      .option('--share <fraction>', 'of full load, which is measured first (default: full load)', share)
      .option('--clients <count>', 'operations in flight in all', wholeNumber(1, 100_000), 256)
      .option('--keys <count>', 'different keys', wholeNumber(1, 10_000_000), 100_000)
      .option('--value-bytes <bytes>', 'size of a value', wholeNumber(0, 1_048_576), 256),
  ).action(async (options: BenchSoakOptions) => {
    const { benchSoak } = await import('../../bench/soak.ts');
    exitOnSignal();
    await benchSoak(options);
  });
};

function positiveNumbers(text: string): readonly number[] {
  return text.split(',').map((part) => positiveNumber(part.trim()));
}

function fractions(text: string): readonly number[] {
  return text.split(',').map((part) => fraction(part.trim()));
}

function listOf<Name extends string>(names: readonly Name[]): (text: string) => readonly Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const known = names.find((name) => name === part.trim());
      if (known === undefined)
        throw new InvalidArgumentError(`It must be some of ${names.join(', ')}, separated by commas.`);
      return known;
    });
}
