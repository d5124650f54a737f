import test from 'ava';
import { fakeTime } from '../../../src/chaos/target/machine/fake-clock.ts';

test('clocks count as settable only where one was set', async (t) => {
  const found = await fakeTime();
  t.regex(found.kind === 'works' ? found.file : found.why, /libfaketime/);
  const absent = await fakeTime(async () => null);
  t.regex(absent.kind === 'lacking' ? absent.why : '', /not installed/);
  const broken = await fakeTime(async () => '/dev/null');
  t.regex(broken.kind === 'lacking' ? broken.why : '', /does not change the time/);
});
