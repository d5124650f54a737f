import test from 'ava';
import { SentinelKeeper } from '../../../src/transport/sentinel/sentinel-keeper.ts';
import { type LogLine, realClock, recordingLog, until } from '../harness.ts';
import { type FakeSentinel, fakeSentinel } from './fake-sentinel.ts';

function keeping() {
  const begun: FakeSentinel[] = [];
  const watched: boolean[] = [];
  const lines: LogLine[] = [];
  const seen = { replaced: 0 };
  const keeper = new SentinelKeeper({
    host: '127.0.0.1',
    clock: realClock,
    log: recordingLog(lines),
    replaced: () => seen.replaced++,
    begin: async (_host, _clock, isWatched) => {
      watched.push(isWatched);
      const sentinel = await fakeSentinel();
      begun.push(sentinel);
      return sentinel;
    },
  });
  return { keeper, begun, watched, lines, seen };
}

test('one that somebody ended is replaced, and peers are told; not for ever', async (t) => {
  const { keeper, begun, watched, lines, seen } = keeping();
  t.is(keeper.port, 0);
  await keeper.start();
  for (let ended = 1; ended <= 3; ended++) {
    t.is(keeper.port, begun.at(-1)?.port ?? -1);
    begun.at(-1)?.close();
    await until(() => seen.replaced === ended);
    t.is(begun.length, ended + 1);
  }
  t.deepEqual(lines, []);
  begun.at(-1)?.close();
  await until(() => seen.replaced === 4);
  t.is(begun.length, 4);
  t.deepEqual(watched, [true, false, false, false], 'a second process is begun while nobody is served');
  t.is(keeper.port, 0);
  t.deepEqual(
    lines.map(({ event, fields }) => [event, fields.reason]),
    [['sentinel-absent', '3 were ended by others']],
  );
});

test('closed: its sentinel ends and none follows, also where it was only being begun', async (t) => {
  const { keeper, begun, seen } = keeping();
  const started = keeper.start();
  keeper.close();
  await started;
  await begun[0]?.ended;
  t.is(keeper.port, 0);
  t.is(begun.length, 1);
  const other = keeping();
  await other.keeper.start();
  other.keeper.close();
  await other.begun[0]?.ended;
  t.is(other.begun.length, 1);
  t.is(seen.replaced + other.seen.replaced, 0);
});

test('where there can be none the reason is logged', async (t) => {
  const lines: LogLine[] = [];
  const keeper = new SentinelKeeper({
    host: '127.0.0.1',
    clock: realClock,
    log: recordingLog(lines),
    replaced: () => t.fail(),
    begin: async () => ({ reason: 'no setpriv' }),
  });
  await keeper.start();
  t.is(keeper.port, 0);
  t.deepEqual(lines, [{ event: 'sentinel-absent', fields: { reason: 'no setpriv' } }]);
});
