import { type Register, withJson } from '../../command.ts';
import type { ForecastOptions } from '../../forecasting/run-forecast.ts';
import { nameList, share, shareList, wholeNumber } from '../../terminal/arguments.ts';

/** Steps ahead that a forecast may be asked for. */
export const LONGEST_HORIZON = 1000;

export const forecastCommand: Register = (program) => {
  withJson(
    program
      .command('forecast <file>')
      .summary('forecast a series from a CSV file')
      .description(
        'Forecasts a file of timestamp,value: repairs it, finds its seasons, chooses among models by a backtest, gives means and intervals that hold what they say.',
      )
      .requiredOption('--horizon <steps>', 'steps ahead', wholeNumber(1, LONGEST_HORIZON))
      .option('--season <steps>', 'a season that is known (default: found)', wholeNumber(2))
      .option('--level <share>', 'share of truths within the intervals', share, 0.9)
      .option(
        '--quantiles <shares>',
        'also the values that these shares of truths lie below, separated by commas, such as 0.1,0.5,0.9',
        shareList,
        [],
      )
      .option('--m4', 'a file of many series, a row each, first column its name')
      .option(
        '--inputs',
        'the further columns of a file are what its series may follow; the one to forecast is called value',
      )
      .option('--without <models>', 'leave these models out', nameList, []),
  ).action(async (file: string, options: ForecastOptions) => {
    const { runForecast } = await import('../../forecasting/run-forecast.ts');
    await runForecast(file, options);
  });
};
