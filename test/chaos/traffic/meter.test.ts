import test from 'ava';
import { Meter } from '../../../src/chaos/traffic/record/meter.ts';

/** A call that is answered when the function that comes with it is called. */
function held() {
  let answer: () => void = () => undefined;
  let fail: () => void = () => undefined;
  const answered = new Promise<void>((resolve, reject) => {
    answer = resolve;
    fail = () => reject(new Error('nobody'));
  });
  return { call: () => answered, answer: () => answer(), fail: () => fail() };
}

test('a silence is while writes wait and none is committed; reads that are answered meanwhile do not end it', async (t) => {
  let nowMs = 0;
  const meter = new Meter(() => nowMs);
  try {
    await meter.write(async () => {});
    nowMs = 1000;
    await meter.write(async () => {});
    t.deepEqual(meter.silences, [], 'nobody wrote');
    nowMs = 2000;
    const [first, second, third] = [held(), held(), held()];
    const firstEnds = meter.write(first.call);
    nowMs = 2500;
    const secondEnds = meter.write(second.call);
    await meter.call(async () => {});
    nowMs = 4600;
    first.answer();
    await firstEnds;
    t.deepEqual(meter.silences, [{ fromMs: 2000, toMs: 4600 }]);
    nowMs = 4690;
    second.answer();
    await secondEnds;
    t.is(meter.silences.length, 1, 'it was committed soon after the other');
    nowMs = 6000;
    const thirdEnds = meter.write(third.call);
    nowMs = 7000;
    third.fail();
    await thirdEnds;
    t.is(meter.silences.length, 1, 'a failure is no answer');
    nowMs = 8000;
    await meter.write(async () => {});
    t.deepEqual(meter.silences.at(-1), { fromMs: 6000, toMs: 8000 });
    t.deepEqual([meter.acknowledged, meter.operations], [6, 7]);
  } finally {
    meter.stop();
  }
});
