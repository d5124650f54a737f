import test from 'ava';
import { Meter } from '../../../src/chaos/traffic/record/meter.ts';

test('answers that one member may give alone do not end a silence', async (t) => {
  let nowMs = 0;
  const meter = new Meter(() => nowMs);
  try {
    await meter.call(async () => {});
    nowMs = 1000;
    await meter.callAny(async () => {});
    nowMs = 4600;
    await meter.call(async () => {});
    t.deepEqual(meter.silences, [{ fromMs: 0, toMs: 4600 }]);
    t.deepEqual([meter.acknowledged, meter.operations], [3, 3]);
    nowMs = 4650;
    await meter.call(async () => {});
    nowMs = 9000;
    await meter.call(() => Promise.reject(new Error('nobody')));
    t.is(meter.silences.length, 1, 'a failure is no answer');
  } finally {
    meter.stop();
  }
});
