import { type ClientOptions, type Register, withClient, withJson } from '../../command.ts';
import type { PreCacheCommandOptions } from '../../dependencies/run-pre-cache.ts';
import { byteSize, fraction, wholeNumber } from '../../terminal/arguments.ts';

type PlaneOptions = ClientOptions & { readonly etcd?: boolean };

export const dependenciesCommand: Register = (program) => {
  const family = program
    .command('dependencies')
    .summary('what sandboxes hold, and where their bytes come from');
  withClient(
    family
      .command('list')
      .summary('objects that sandboxes hold')
      .option('--limit <count>', 'at most so many', wholeNumber(1), 100)
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (options: PlaneOptions & { readonly limit: number }) => {
    const { listDependencies } = await import('../../dependencies/show.ts');
    await listDependencies(options);
  });
  withClient(
    family
      .command('holders')
      .summary('who holds or fetches an object')
      .argument('<key>', 'a digest, ALGORITHM-DIGEST, or an integrity such as sha512-…==')
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (key: string, options: PlaneOptions) => {
    const { showHolders } = await import('../../dependencies/show.ts');
    await showHolders(key, options);
  });
  withClient(
    family
      .command('stats')
      .summary('each agent: what it holds, where its bytes came from; what the pre-cache is worth')
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (options: PlaneOptions) => {
    const { showStats } = await import('../../dependencies/show.ts');
    await showStats(options);
  });
  withClient(
    family
      .command('pre-cache')
      .summary('the service that foretells what sandboxes need; agents with --pre-cache download it ahead')
      .description(
        'Learns from the requests that agents log, and chooses by backtest among the same lock file, a Markov chain, hours and weekdays, and a recurrent network.\nWrites plans also before the time at which an application is expected to begin. Runs until it is stopped.',
      )
      .option('--budget <size>', 'of one sandbox', byteSize, 1e9)
      .option('--confidence <share>', 'nothing less sure is downloaded', fraction, 0.5)
      .option('--no-recurrent', 'without the recurrent network')
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (options: PlaneOptions & PreCacheCommandOptions) => {
    const { runPreCache } = await import('../../dependencies/run-pre-cache.ts');
    await runPreCache(options);
  });
  withJson(
    family
      .command('demo')
      .summary("two sandboxes install this project's packages, the second from the first")
      .description(
        "Starts a cluster and an agent beside each of two sandboxes; in both npm installs this project's lock file with empty caches. Leaves nothing behind.",
      ),
  ).action(async (options: { readonly json?: boolean }) => {
    const { runDependenciesDemo } = await import('../../dependencies/run-demo.ts');
    await runDependenciesDemo(options);
  });
};
