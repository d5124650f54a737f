import test from 'ava';
import { ScanRoom } from '../../../src/node/reads/scan-room.ts';

/** A scan that ends when the test says so. */
function scan(room: ScanRoom, bytes: number) {
  const state = { begun: false, end: (): void => {}, fail: (_: Error): void => {} };
  const result = room.within(bytes, () => {
    state.begun = true;
    return new Promise<void>((resolve, reject) => {
      state.end = resolve;
      state.fail = reject;
    });
  });
  return { state, result };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('scans hold no more than the room has; the others wait in line, in order', async (t) => {
  const room = new ScanRoom(100, 10);
  const scans = [60, 30, 40, 10].map((bytes) => scan(room, bytes));
  await settled();
  const begun = (): boolean[] => scans.map(({ state }) => state.begun);
  // The last would fit, but nobody overtakes.
  t.deepEqual(begun(), [true, true, false, false]);
  t.is(room.waiting, 2);
  scans[0]!.state.end();
  await settled();
  t.deepEqual(begun(), [true, true, true, true]);
  scans[2]!.state.fail(new Error('history'));
  await t.throwsAsync(scans[2]!.result, { message: 'history' });
  for (const { state } of [scans[1]!, scans[3]!]) state.end();
  await Promise.all([scans[0]!, scans[1]!, scans[3]!].map(({ result }) => result));
  const again = scan(room, 100);
  await settled();
  t.true(again.state.begun, 'all room is free again, that of the failed one too');
});

test('one larger than the room has it for itself; beyond the line scans are refused', async (t) => {
  const room = new ScanRoom(100, 2);
  const large = scan(room, 1000);
  const next = scan(room, 1);
  await t.throwsAsync(
    room.within(1, async () => {}),
    { code: 'overloaded' },
  );
  await settled();
  t.true(large.state.begun);
  t.false(next.state.begun);
  large.state.end();
  await settled();
  t.true(next.state.begun);
  next.state.end();
  await t.notThrowsAsync(room.within(1, async () => {}));
});
