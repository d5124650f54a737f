import { present } from '../../../foundation/assert.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { sampleKey } from '../load/samples.ts';
import { MessageStream } from './message-stream.ts';
import { etcdFormat, nativeFormat } from './watch-format.ts';

/** Watches that are there while something else is measured. */
export interface IdleWatches {
  readonly events: () => number;
  readonly close: () => void;
}

/** `count` watches of single keys, a stream to every endpoint. Resolves when all are there; a stream that ends later throws in `events`. */
export async function idleWatches(
  endpoints: readonly string[],
  api: 'native' | 'etcd',
  count: number,
  keys: number,
): Promise<IdleWatches> {
  const format = api === 'native' ? nativeFormat : etcdFormat;
  let events = 0;
  let open = 0;
  let lost: Error | null = null;
  const streams: MessageStream[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const endpoint of endpoints)
      streams.push(
        new MessageStream(
          endpoint,
          format.path,
          (message) => {
            if (format.read(message, () => events++) && ++open === count) resolve();
          },
          (error) => {
            lost ??= error;
            reject(error);
          },
        ),
      );
    for (let i = 0; i < count; i++)
      present(streams[i % streams.length], 'a stream').send(
        format.create(i, sampleKey(Math.floor((i * keys) / count))),
      );
  });
  return {
    events: () => {
      if (lost !== null) throw new TanistError('unavailable', `a watch was lost: ${lost.message}`);
      return events;
    },
    close: () => {
      for (const stream of streams) stream.close();
    },
  };
}
