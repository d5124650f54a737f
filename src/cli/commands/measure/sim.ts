import { type Register, withJson } from '../../command.ts';
import { seedRange, wholeNumber } from '../../terminal/arguments.ts';
import type { SimOptions } from './run-simulator.ts';

export const simCommand: Register = (program) => {
  withJson(
    program
      .command('sim')
      .summary('the deterministic simulator: whole clusters, faults drawn from a seed')
      .description(
        'Runs whole clusters on a simulated clock, network and disk. A seed that fails is printed and replays exactly.',
      )
      .option('--seeds <range>', 'such as 1..1000 (default: 1..100)', seedRange)
      .option('--seed <seed>', 'only this one', wholeNumber(0))
      .option('--trace', 'with --seed: everything that happens, on standard error')
      .option(
        '--tiers',
        'one seed in three, not one in ten, with warm and cold replicas; takes twice as long',
      )
      .option('--mutant <name>', 'with a deliberate fault that the checks must find'),
  ).action(async (options: SimOptions) => {
    const { runSimulator } = await import('./run-simulator.ts');
    await runSimulator(options);
  });
};
