import test from 'ava';
import { Links } from '../../../src/failover/topology/links.ts';
import { Smoothed } from '../../../src/failover/topology/smoothed.ts';
import { nodeId } from '../../../src/foundation/ids.ts';

test('a single outlier does not count, a lasting change does', (t) => {
  const smoothed = new Smoothed();
  t.is(smoothed.value, null);
  for (let i = 0; i < 10; i++) smoothed.add(5);
  smoothed.add(500);
  t.is(smoothed.value, 5);
  for (const sample of [5, 5, Number.NaN, -1, Number.POSITIVE_INFINITY]) smoothed.add(sample);
  t.is(smoothed.value, 5);
  for (let i = 0; i < 30; i++) smoothed.add(80);
  t.true(Math.abs((smoothed.value ?? 0) - 80) < 0.1);
});

test('a path is the same both ways: the mean of what its ends measured', (t) => {
  const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')];
  const links = new Links([
    [a, [{ to: b, roundTripMs: 2, bytesPerSecond: null }]],
    [
      b,
      [
        { to: a, roundTripMs: 4, bytesPerSecond: 16_384_000 },
        { to: c, roundTripMs: null, bytesPerSecond: 5 },
      ],
    ],
  ]);
  t.deepEqual(links.between(b, a), { roundTripMs: 3, bytesPerSecond: 16_384_000 });
  t.is(links.pathMs(a, b), 4);
  t.is(links.pathMs(a, a), 0);
  t.is(links.pathMs(b, c), null);
  t.is(links.pathMs(a, c), null);
});
