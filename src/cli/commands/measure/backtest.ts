import { type Register, withJson } from '../../command.ts';
import type { BacktestOptions } from '../../forecasting/run-backtest.ts';
import { nameList, share, wholeNumber } from '../../terminal/arguments.ts';
import { LONGEST_HORIZON } from './forecast.ts';

export const backtestCommand: Register = (program) => {
  withJson(
    program
      .command('backtest <path>')
      .summary('accuracy of forecasts on CSV files, from many origins')
      .description(
        'Tests forecasts on a file of timestamp,value or all of a directory: on the last fifth of each series, an origin every half horizon, models refitted and chosen as they would be in use, from the past of each origin alone.',
      )
      .requiredOption('--horizon <steps>', 'steps ahead', wholeNumber(1, LONGEST_HORIZON))
      .option('--season <steps>', 'a season that is known (default: found)', wholeNumber(2))
      .option('--origins <n>', 'only the last so many origins', wholeNumber(1))
      .option('--level <share>', 'share of truths within the intervals', share, 0.9)
      .option('--m4', 'a file of many series, a row each; one origin, the last values are the test')
      .option(
        '--inputs',
        'the further columns of a file are what its series may follow; the one to forecast is called value',
      )
      .option('--without <models>', 'leave these models out', nameList, []),
  ).action(async (path: string, options: BacktestOptions) => {
    const { runBacktest } = await import('../../forecasting/run-backtest.ts');
    await runBacktest(path, options);
  });
};
