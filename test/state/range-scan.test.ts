import test from 'ava';
import fc from 'fast-check';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { RangeRequest } from '../../src/ports/command.ts';
import { completeRange, createStateMachine, type ScanPort } from '../../src/state/state-machine.ts';
import { compact, del, Log, put, range } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

const keyCount = 7000;
const name = (i: number): string => `k${String(i).padStart(5, '0')}`;

/** Thousands of keys, some overwritten, some deleted. */
function filled(): { log: Log; image: MemoryImage } {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage();
  for (let i = 0; i < keyCount; i += 500)
    log.apply(...Array.from({ length: 500 }, (_, j) => put(name(i + j), String((i + j) % 97))));
  image.append(log.state.takeImageBatch());
  for (let i = 0; i < keyCount; i += 3) log.apply(i % 2 === 0 ? put(name(i), 'again') : del(name(i)));
  image.append(log.state.takeImageBatch());
  log.apply(put(name(1), 'last'));
  return { log, image };
}

const { log, image } = filled();
const { state } = log;
const history = state.history(image.history);
const port = (nextTurn: () => void = () => {}, mostBytes = 1e9): ScanPort => ({
  history,
  mostBytes,
  nextTurn: async () => nextTurn(),
});

async function atOnce(request: RangeRequest) {
  const answer = state.range(request);
  return answer.kind === 'needsHistory' ? completeRange(answer, history) : answer;
}

const newest = state.revision('user');
const request = fc
  .record({
    from: fc.constantFrom('a', name(0), name(900), name(6500)),
    to: fc.constantFrom('\0', name(6000), name(6999)),
    revision: fc.constantFrom(0, newest, newest - 1, keyCount + 1, keyCount - 3, 4000),
    limit: fc.constantFrom(0, 1, 10, 3000, 100_000),
    order: fc.constantFrom('none', 'ascend', 'descend'),
    target: fc.constantFrom('key', 'version', 'create', 'mod', 'value'),
    keysOnly: fc.boolean(),
    countOnly: fc.boolean(),
    minModRevision: fc.constantFrom(0, 0, 2500),
    maxCreateRevision: fc.constantFrom(0, 0, 6000),
  })
  .map(({ from, to, ...rest }) => range(from, to, rest as never));

test.serial('a scan answers what a read at once does, whatever is asked', async (t) => {
  await fc.assert(
    fc.asyncProperty(request, async (each) => {
      t.deepEqual(await state.scan(each, port()), await atOnce(each));
    }),
    { numRuns: 150 },
  );
});

test.serial('only reads that look at thousands of keys are large', (t) => {
  t.true(state.isLarge(range('a', '\0')));
  t.true(state.isLarge(range('a', '\0', { limit: 10, order: 'descend' })));
  t.true(state.isLarge(range('a', '\0', { limit: 10, revision: (newest - 1) as never })));
  t.false(state.isLarge(range('a', '\0', { limit: 10 })));
  t.false(state.isLarge(range('a', '\0', { countOnly: true })));
  t.false(state.isLarge(range(name(5))));
  t.false(state.isLarge(range(name(5), name(900))));
});

test.serial('more than an answer holds is refused before all of it is gathered', async (t) => {
  let turns = 0;
  const result = await state.scan(
    range('a', '\0'),
    port(() => void turns++, 100_000),
  );
  t.like(result, { kind: 'failed', code: 'range-too-large' });
  t.is(turns, 1);
  t.like(
    await state.scan(
      range('a', '\0', { limit: 10, order: 'descend' }),
      port(() => {}, 100_000),
    ),
    {
      kind: 'range',
    },
  );
});

test.serial(
  'a scan shows one revision, however the state moves on; a compaction that overtakes it says so',
  async (t) => {
    const expected = await atOnce(range('a', '\0'));
    let turn = 0;
    const result = await state.scan(
      range('a', '\0'),
      port(() => {
        turn++;
        log.apply(
          put(name(6990), `at ${turn}`),
          del(name(6991)),
          put('a-new-first', ''),
          put('z-new-last', ''),
        );
        log.apply(del(name(6800), name(6900)));
        if (turn === 2) image.append(state.takeImageBatch());
      }),
    );
    t.deepEqual(result, expected);
    const at = state.revision('user');
    t.is(
      await state.scan(
        range('a', '\0'),
        port(() => void log.apply(put('x', ''), compact(at + 1))),
      ),
      null,
    );
  },
);
