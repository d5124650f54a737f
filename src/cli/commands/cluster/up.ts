import { type Register, withJson } from '../../command.ts';
import type { UpOptions } from '../../local/run-up.ts';
import { wholeNumber } from '../../terminal/arguments.ts';

export const upCommand: Register = (program) => {
  withJson(
    program
      .command('up')
      .summary('run a local cluster, a process a node')
      .description(
        'Runs a cluster on this machine until SIGINT or SIGTERM. A node that dies stays dead, so that its death can be watched.\n' +
          'With --json: a line per node as it is ready, then one with the leader.',
      )
      .option('--hot <count>', 'replicas that vote', wholeNumber(1, 7), 3)
      .option('--warm <count>', 'replicas that hold the critical keys', wholeNumber(0, 7), 0)
      .option('--cold <count>', 'replicas that are fed at intervals', wholeNumber(0, 7), 0)
      .option(
        '--port <port>',
        'node n serves clients on PORT+10n; 0: any free ports',
        wholeNumber(0, 65_000),
        7400,
      )
      .option('--data <folder>', 'keep the data here (default: a temporary folder, removed at the end)'),
  ).action(async (options: UpOptions) => {
    const { runUp } = await import('../../local/run-up.ts');
    await runUp(options);
  });
};
