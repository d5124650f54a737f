import { type Register, withJson } from '../../command.ts';
import type { DemoOptions } from '../../demo/run-demo.ts';
import { wholeNumber } from '../../terminal/arguments.ts';

export const demoCommand: Register = (program) => {
  withJson(
    program
      .command('demo')
      .summary('the whole story on this machine, in less than a minute')
      .description(
        "Starts a cluster of five processes, streams this machine's own metrics into it, kills the leader under that load,\nshows what happened when, and checks that nothing acknowledged is missing. Leaves nothing behind.",
      )
      .option(
        '--seconds <seconds>',
        'of streaming in all; the leader is killed half way',
        wholeNumber(2, 600),
        10,
      ),
  ).action(async (options: DemoOptions) => {
    const { runDemo } = await import('../../demo/run-demo.ts');
    await runDemo(options);
  });
};
