import { type ClientOptions, type Register, withClient, withCluster } from '../../command.ts';
import { wholeNumber } from '../../terminal/arguments.ts';

interface WatchCommandOptions extends ClientOptions {
  readonly prefix?: boolean;
  readonly from?: number;
  readonly previous?: boolean;
  readonly count?: number;
}

export const watchCommand: Register = (program) => {
  withClient(
    program
      .command('watch')
      .summary('follow changes of keys')
      .description(
        'Prints changes as they are committed, until Ctrl-C; goes on by itself over failovers.\nWith --json: a line a revision.',
      )
      .argument('<key>')
      .argument('[range-end]', 'first key beyond the range')
      .option('--prefix', 'all keys that start with KEY')
      .option('--from <revision>', 'begin with this revision', wholeNumber(1))
      .option('--previous', 'also show what was there before')
      .option('--count <events>', 'end after so many', wholeNumber(1)),
  ).action(async (key: string, rangeEnd: string | undefined, options: WatchCommandOptions) => {
    const { keyValueJson, keyValueLines, rangeOptions } = await import('./key-values.ts');
    const range = rangeOptions(rangeEnd, options);
    await withCluster(options, async ({ client, out }) => {
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
      out.progress.update(`watching ${key}; Ctrl-C ends it`);
      let left = options.count ?? Number.POSITIVE_INFINITY;
      const batches = client.watch(key, {
        ...range,
        previous: options.previous === true,
        signal: stop.signal,
        ...(options.from === undefined ? {} : { fromRevision: options.from as never }),
      });
      for await (const { revision, events } of batches) {
        if (events.length === 0) continue;
        out.document({
          revision,
          events: events.map(({ type, keyValue, previous }) => ({
            type,
            ...keyValueJson(keyValue),
            ...(previous === undefined ? {} : { previous: keyValueJson(previous) }),
          })),
        });
        for (const { type, keyValue, previous } of events) {
          out.say(
            `${out.style.bold(type.toUpperCase())} ${out.style.dim(`revision ${keyValue.modRevision}`)}`,
          );
          for (const line of keyValueLines(keyValue, type === 'delete')) out.say(line);
          if (previous !== undefined) out.say(out.style.dim(`was: ${keyValueLines(previous)[1]}`));
        }
        left -= events.length;
        if (left <= 0) break;
      }
    });
  });
};
