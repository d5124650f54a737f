import { revision } from '../../../foundation/ids.ts';
import { rounded } from '../../../foundation/statistics.ts';
import { type Register, withClient, withCluster } from '../../command.ts';
import { fraction, oneOf, wholeNumber } from '../../terminal/arguments.ts';
import { figure } from '../../terminal/figure.ts';
import { UsageError } from '../../terminal/usage-error.ts';
import { type GetOptions, orders, sortTargets } from './get-options.ts';

/** What a replica answers from further back is told, unasked. */
const staleMs = 1_000;

export const getCommand: Register = (program) => {
  withClient(
    program
      .command('get')
      .summary('read keys')
      .argument('<key>')
      .argument('[range-end]', 'first key beyond the range')
      .option('--prefix', 'all keys that start with KEY')
      .option('--limit <count>', 'at most so many', wholeNumber(1))
      .option('--revision <revision>', 'as it was at this revision', wholeNumber(1))
      .option('--sort-by <what>', `${sortTargets.join(', ')} (default: key)`, oneOf(sortTargets))
      .option('--order <how>', `${orders.join(' or ')}`, oneOf(orders))
      .option('--min-mod-revision <revision>', 'last written there or later', wholeNumber(1))
      .option('--max-mod-revision <revision>', 'last written there or earlier', wholeNumber(1))
      .option('--min-create-revision <revision>', 'made there or later', wholeNumber(1))
      .option('--max-create-revision <revision>', 'made there or earlier', wholeNumber(1))
      .option('--keys-only', 'without values')
      .option('--count-only', 'only how many there are')
      .option(
        '--consistency <how>',
        'linearizable, serializable or predicted (what is true, and what is expected of it)',
        'linearizable',
      )
      .option('--zone <name>', 'with serializable: at the nearest replica, those of this zone first')
      .option('--region <name>', 'the same for those of this region, after those of the zone')
      .option('--min-confidence <0..1>', 'with predicted: leave out predictions of less', fraction),
  ).action(async (key: string, rangeEnd: string | undefined, options: GetOptions) => {
    const { consistencyOf, orderAndBounds, rangeOptions, keyValueJson, keyValueLines } = await import(
      './key-values.ts'
    );
    const consistency = consistencyOf(options.consistency);
    const bounds = {
      ...rangeOptions(rangeEnd, options),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...orderAndBounds(options),
    };
    if (consistency === 'predicted') {
      const { getPredicted } = await import('./get-predicted.ts');
      return getPredicted(key, bounds, options);
    }
    if (options.minConfidence !== undefined)
      throw new UsageError('--min-confidence goes with --consistency predicted');
    const { zone, region } = options;
    const isNear = zone !== undefined || region !== undefined;
    if (isNear && consistency !== 'serializable')
      throw new UsageError('--zone and --region go with --consistency serializable');
    const range = {
      ...bounds,
      ...(options.revision === undefined ? {} : { revision: revision(options.revision) }),
      keysOnly: options.keysOnly === true,
      countOnly: options.countOnly === true,
      consistency,
    };
    // Whoever names nodes and asks for no more than what a node holds wants to know it of the first of these.
    const isLocal = options.endpoints !== undefined && consistency === 'serializable' && !isNear;
    await withCluster(options, async ({ client, endpoints, out, call }) => {
      const place = { ...(zone === undefined ? {} : { zone }), ...(region === undefined ? {} : { region }) };
      const near = isNear ? await client.near(place).get(key, { ...range, ...call }) : null;
      const answer =
        near ??
        (isLocal
          ? await client.getAt(endpoints[0] ?? '', key, { ...range, ...call })
          : await client.get(key, { ...range, ...call }));
      out.document({
        revision: answer.revision,
        count: answer.count,
        more: answer.more,
        ageMs: answer.ageMs,
        ...(near === null ? {} : { endpoint: near.endpoint }),
        values: answer.values.map(keyValueJson),
      });
      if (options.countOnly === true) out.say(String(answer.count));
      for (const line of answer.values.flatMap((value) => keyValueLines(value, options.keysOnly === true)))
        out.say(line);
      if (out.json) return;
      if (answer.values.length === 0 && options.countOnly !== true) process.stderr.write('no such key\n');
      if (answer.ageMs >= staleMs) process.stderr.write(`${ageInWords(answer)}\n`);
    });
  });
};

/** Of an answer of `revision`, true `ageMs` before now. */
export function ageInWords({
  ageMs,
  revision,
}: {
  readonly ageMs: number;
  readonly revision: number;
}): string {
  return `as it was ${figure(rounded(ageMs / 1000, 1))} s ago, at revision ${figure(revision)}`;
}
