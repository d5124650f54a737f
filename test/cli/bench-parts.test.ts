import test from 'ava';
import { atMost, explains } from '../../src/cli/bench/parts/figure.ts';
import { runParts } from '../../src/cli/bench/parts/run-parts.ts';

interface Told {
  readonly figures?: readonly { readonly name: string; readonly met: boolean | null }[];
  readonly error?: string;
  readonly loadAverage: readonly number[];
}

test.serial(
  'a part that fails keeps no other from being measured; each figure says whether it was met',
  async (t) => {
    const written: string[] = [];
    const { write } = process.stdout;
    process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
    const error = await t
      .throwsAsync(
        runParts({
          parts: {
            broken: { about: 'fails', run: () => Promise.reject(new Error('no cluster')) },
            fine: {
              about: 'works',
              run: async () => [atMost('a', 1, 'ms', 2), atMost('b', 3, 'ms', 2), explains('c', 3, 'ms')],
            },
          },
          names: ['broken', 'fine'],
          options: { json: true },
          more: { keys: 7 },
        }),
      )
      .finally(() => {
        process.stdout.write = write;
      });
    t.is(error.message, 'no cluster');
    const last = written.join('').trim().split('\n').at(-1) ?? '';
    const document = JSON.parse(last) as { tanist: Record<string, Told>; keys: number };
    t.is(document.keys, 7);
    t.is(document.tanist.broken?.error, 'no cluster');
    t.deepEqual(
      document.tanist.fine?.figures?.map(({ name, met }) => [name, met]),
      [
        ['a', true],
        ['b', false],
        ['c', null],
      ],
    );
    t.is(document.tanist.fine?.loadAverage.length, 2);
  },
);
