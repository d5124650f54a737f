import test from 'ava';
import { RequestLog } from '../../src/dependencies/pre-cache/request-log.ts';
import { decodeSequence, logPrefix } from '../../src/dependencies/pre-cache/sequence.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { TestClock } from '../mirrors/test-clock.ts';
import { MemoryState } from './memory-state.ts';

function setting() {
  const clock = new TestClock();
  const state = new MemoryState();
  const said: string[] = [];
  const log = new RequestLog({
    ...{ state, clock, application: 'shop', sandbox: 'own' },
    sizeOf: () => 1,
    say: (text) => said.push(text),
  });
  return {
    ...{ clock, state, said, log },
    ask: (name: string) => log.asked({ path: `${name}/-/${name}-1.0.0.tgz`, key: null, sizeBytes: 0 }),
    fail: (isFailing: boolean) => {
      state.failure = isFailing ? new TanistError('no-leader', 'electing') : null;
    },
    rows: () =>
      [...state.keys]
        .filter(([key]) => key.startsWith(logPrefix))
        .flatMap(([, { value }]) => decodeSequence(value) ?? []),
  };
}

test('sequences that ended while the cluster did not answer are written when it does', async (t) => {
  const { clock, said, log, ask, fail, rows } = setting();
  ask('a');
  await clock.advance(2000);
  t.false(rows()[0]?.ended);
  fail(true);
  await clock.advance(30_000);
  ask('b');
  await clock.advance(30_000);
  t.is(said.length, 1);
  fail(false);
  await clock.advance(20_000);
  t.deepEqual(
    rows().map(({ ended, items }) => [ended, items.length]),
    [
      [true, 1],
      [true, 1],
    ],
  );
  await log.stop();
});

test('what could not be written while it grew is written though nothing more comes', async (t) => {
  const { clock, log, ask, fail, rows } = setting();
  log.used(null);
  fail(true);
  ask('a');
  await clock.advance(2000);
  fail(false);
  await clock.advance(60_000);
  t.deepEqual(
    rows().map(({ ended }) => ended),
    [false],
  );
  await log.stop();
  t.true(rows()[0]?.ended);
});
