import { type JsonOption, type Register, withClient, withJson } from '../../command.ts';
import type { ForkShowOptions } from '../../promotion/show-fork.ts';

export const forkCommand: Register = (program) => {
  const fork = program.command('fork').summary('what a forced promotion left behind');
  withClient(
    fork
      .command('show')
      .argument('<file>', 'fork-EPOCH.tanistfork in the data folder of a member that came back')
      .summary('what a member had beyond the fork')
      .description(
        'Lists what is in the file: changes after the fork (of a hot member also those that only its log has, which may or may not have been\n' +
          'acknowledged), and values from before it of ranges that the promoted replica did not hold. Nothing of it is in the cluster.\n' +
          'Deletions that the member had compacted are not among them: --absent asks the cluster for keys that are absent there.\n' +
          'With --json a line an entry, then the summary.',
      )
      .option('--space <space>', 'only of user, planes or system')
      .option('--prefix <text>', 'only keys that begin so')
      .option('--absent', 'also keys that the cluster has as of the fork and the member had not'),
  ).action(async (file: string, options: ForkShowOptions) => {
    const { showFork } = await import('../../promotion/show-fork.ts');
    await showFork(file, options);
  });
  withJson(
    fork
      .command('report')
      .argument('<folder>', 'the data folder of the promoted replica')
      .summary('what a forced promotion could not vouch for'),
  ).action(async (folder: string, options: JsonOption) => {
    const { showReports } = await import('../../promotion/show-fork.ts');
    await showReports(folder, options);
  });
};
