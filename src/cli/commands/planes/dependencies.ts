import { type ClientOptions, type Register, withClient, withJson } from '../../command.ts';
import { wholeNumber } from '../../terminal/arguments.ts';

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
      .summary('each agent: what it holds, and where its bytes came from')
      .option('--etcd', 'the endpoints are those of an etcd'),
  ).action(async (options: PlaneOptions) => {
    const { showStats } = await import('../../dependencies/show.ts');
    await showStats(options);
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
