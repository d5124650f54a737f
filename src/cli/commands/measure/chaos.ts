import { type Command, Option } from 'commander';
import type {
  ChaosCheckOptions,
  ChaosReportOptions,
  ChaosRunOptions,
  ChaosSoakOptions,
} from '../../chaos/options.ts';
import { type JsonOption, type Register, withJson } from '../../command.ts';
import { nameList, positiveNumber, seedRange, wholeNumber } from '../../terminal/arguments.ts';

const networks = ['auto', 'namespaces', 'proxy'];

function withCluster(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--network <how>',
        'namespaces (root), or a proxy between every pair; auto says which it took',
      ).choices(networks),
    )
    .option('--config <file>', "sections of a cluster's config (timing, limits, tiers …), used as they are")
    .option('--build <main.js>', 'nodes of another build of Tanist')
    .option('--out <dir>', 'where report.html and report.json go (default: tanist-chaos/TIME)');
}

export const chaosCommand: Register = (program) => {
  const family = program
    .command('chaos')
    .summary('real faults on real processes, and proofs that people can read');
  withJson(family.command('list').summary('the scenarios')).action(async (options: JsonOption) => {
    const { listScenarios } = await import('../../chaos/list.ts');
    listScenarios(options);
  });
  withJson(
    withCluster(
      family
        .command('run')
        .argument('[names...]', 'scenarios, several at once as a+b, or the sets all, quick, ci')
        .summary('run scenarios under traffic, check all of it, draw a report')
        .description(
          'Starts a cluster of processes for each scenario and seed, does to it what the scenario says under a mixed load, heals it and checks what clients saw.\nExit code 1 if a promise was broken. What a machine lacks is skipped, with the reason.',
        ),
    )
      .option('--seed <seed>', 'what is drawn (default: 1)', wholeNumber(0))
      .option('--seeds <range>', 'each of 1..3', seedRange)
      .option('--repeat <count>', 'so many seeds from --seed on', wholeNumber(1, 10_000))
      .option(
        '--seconds <seconds>',
        'of faults, each scenario (default: 60; quick 15, ci 12; at most 3600)',
        positiveNumber,
      )
      .option('--count <faults>', 'end each scenario after so many faults', wholeNumber(1, 100_000))
      .option('--plan <file>', 'cluster, scenarios, seeds and budgets of a YAML file')
      .option('--hot <count>', 'voters (default: as the scenario needs)', wholeNumber(1, 9))
      .option('--warm <count>', 'warm replicas', wholeNumber(0, 9))
      .option('--cold <count>', 'cold replicas', wholeNumber(0, 9))
      .addOption(new Option('--target <store>', 'what is tested').choices(['tanist', 'etcd', 'both']))
      .addOption(new Option('--against <store>', 'as --target both').choices(['etcd']))
      .option('--mutant <name>', 'nodes with a deliberate fault that the checks must find')
      .option('--other-build <main.js>', 'a second build that members change to (version-skew)')
      .option('--rate <operations>', 'a second, of all traffic (default: 1000)', wholeNumber(10, 100_000))
      .option('--clients <count>', 'callers (default: 16)', wholeNumber(1, 1000))
      .option('--traffic <parts>', 'these parts of it, separated by commas', nameList)
      .addOption(
        new Option('--budgets <what>', 'whether an outage beyond its budget is an error')
          .choices(['assert', 'report'])
          .default('report'),
      ),
  ).action(async (names: readonly string[], options: ChaosRunOptions) => {
    const { runChaos } = await import('../../chaos/run-chaos.ts');
    await runChaos(names, options);
  });
  withJson(
    withCluster(
      family
        .command('soak')
        .summary('random overlapping faults for hours; memory, descriptors, elections')
        .description(
          'One cluster, segment after segment of faults drawn from the seed, checked and reported after each.',
        ),
    )
      .option(
        '--hours <hours>',
        'how long in all; with --resume as it was to be if not given',
        positiveNumber,
      )
      .option('--seed <seed>', 'what is drawn (default: 1)', wholeNumber(0))
      .option('--resume <dir>', 'go on with a soak that ended before its time, as it was begun')
      .option('--segment <seconds>', 'of faults, between two checks (default: 240)', positiveNumber)
      .option('--hot <count>', 'voters (default: 3)', wholeNumber(3, 9))
      .option('--warm <count>', 'warm replicas (default: 1)', wholeNumber(0, 9))
      .option('--cold <count>', 'cold replicas (default: 0)', wholeNumber(0, 9))
      .option('--rate <operations>', 'a second, of all traffic (default: 500)', wholeNumber(10, 100_000))
      .option('--clients <count>', 'callers (default: 16)', wholeNumber(1, 1000)),
  ).action(async (options: ChaosSoakOptions) => {
    const { runSoak } = await import('../../chaos/soak.ts');
    await runSoak(options);
  });
  withJson(family.command('clean').summary('undo what a harness that was killed has left')).action(
    async (options: JsonOption) => {
      const { cleanUp } = await import('../../chaos/clean.ts');
      await cleanUp(options);
    },
  );
  withJson(
    family
      .command('check')
      .argument('<file>', 'a history: EDN of Jepsen, or JSON or log as of porcupine')
      .summary("judge another tool's history")
      .addOption(new Option('--format <format>').choices(['auto', 'jepsen', 'porcupine']).default('auto'))
      .addOption(
        new Option('--model <model>')
          .choices(['auto', 'register', 'mutex', 'list-append', 'bank'])
          .default('auto'),
      )
      .option('--initial <value>', 'register: what every key holds in the beginning (default: nothing)')
      .option('--total <sum>', 'bank: the constant sum (default: that of the first read)', wholeNumber(0))
      .option('--negative-balances', 'bank: an account may be overdrawn')
      .option('--no-realtime', 'list-append: serializable, not strictly')
      .option('--seconds <seconds>', 'then the answer is unknown', positiveNumber, 60),
  ).action(async (file: string, options: ChaosCheckOptions) => {
    const { checkFile } = await import('../../chaos/check.ts');
    await checkFile(file, options);
  });
  withJson(
    family
      .command('report')
      .argument('<files...>', 'report.json of one run or more: side by side')
      .summary('draw the page again, of several runs as one')
      .option('--out <file>', 'the page', 'report.html'),
  ).action(async (files: readonly string[], options: ChaosReportOptions) => {
    const { drawReport } = await import('../../chaos/report.ts');
    await drawReport(files, options);
  });
};
