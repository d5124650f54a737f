import test from 'ava';
import { DeliveryRate } from '../../src/transport/delivery-rate.ts';

const second = 1000;

test('little that is sent at leisure says nothing of the path', (t) => {
  const rate = new DeliveryRate();
  for (let i = 1; i <= 20; i++) {
    rate.sent(10_000);
    rate.pinged();
    rate.echoed(i * second, false);
  }
  t.is(rate.bytesPerSecond, null);
});

test('what is delivered while more waits is what the path takes', (t) => {
  const rate = new DeliveryRate();
  rate.pinged();
  rate.echoed(0, false);
  rate.sent(100_000);
  rate.pinged();
  rate.sent(900_000); // after the ping: not part of what its echo confirms
  rate.echoed(500, true);
  t.is(rate.bytesPerSecond, 200_000);
  rate.pinged();
  rate.echoed(1000, false); // slower, and nothing waited
  t.is(rate.bytesPerSecond, 200_000);
});

test('the largest of the last minutes, and none of a connection before', (t) => {
  const rate = new DeliveryRate();
  const push = (atMs: number, bytes: number): void => {
    rate.sent(bytes);
    rate.pinged();
    rate.echoed(atMs, true);
  };
  push(0, 0);
  push(second, 5_000_000);
  t.is(rate.bytesPerSecond, 5_000_000);
  rate.reset();
  push(2 * second, 50_000_000); // the first echo of a connection has nothing to be compared with
  t.is(rate.bytesPerSecond, 5_000_000);
  for (let minute = 1; minute <= 4; minute++) {
    push(minute * 60 * second, 0);
    push(minute * 60 * second + second, 1_000_000);
  }
  t.is(rate.bytesPerSecond, 1_000_000);
});
