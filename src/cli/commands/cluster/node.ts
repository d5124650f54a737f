import type { Register } from '../../command.ts';
import type { NodeOptions } from '../../local/run-node.ts';

export const nodeCommand: Register = (program) => {
  program
    .command('node')
    .summary('run one node of a cluster')
    .description(
      'Runs one node of the cluster described in a file (cluster-config/ has commented examples), in the foreground.\n' +
        'SIGINT or SIGTERM hands leadership over and stops it. Its log, JSON lines, goes to stderr.',
    )
    .requiredOption('--config <file>', 'the cluster, YAML or JSON')
    .requiredOption('--id <id>', 'which of its nodes this is')
    .option('--data <folder>', 'where it keeps its data (default: tanist-data/ID)')
    .option('--log-level <level>', 'trace, debug, info, warn or error', 'info')
    .action(async (options: NodeOptions) => {
      const { runNode } = await import('../../local/run-node.ts');
      await runNode(options);
    });
};
