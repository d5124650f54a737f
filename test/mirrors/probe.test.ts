import test from 'ava';
import { isOpen, probeOf } from '../../src/mirrors/forecast/probe.ts';
import type { NextChange } from '../../src/prediction/occurrence/next-change.ts';

const cycleMs = 100_000;

/** The next change comes evenly between two moments. */
function between(fromMs: number, untilMs: number, model = 'hidden-renewal'): NextChange {
  return {
    model,
    gain: { total: 10, each: 0.3 },
    usualMs: cycleMs,
    within: (ms) => Math.min(1, Math.max(0, (ms - fromMs) / (untilMs - fromMs))),
    quantile: (probability) => fromMs + probability * (untilMs - fromMs),
  };
}

test('looks that always find a change: the next one halves what is open, until that is little', (t) => {
  const vague = between(20_000, cycleMs);
  t.is(probeOf(vague, 5000, 1, cycleMs), null);
  t.deepEqual(probeOf(vague, 5000, 2, cycleMs), { fromMs: 65_000, untilMs: 75_000, fill: 0.4 });
  t.is(probeOf(between(80_000, cycleMs), 5000, 9, cycleMs), null);
  t.is(probeOf(between(20_000, cycleMs, 'daily'), 5000, 9, cycleMs), null);
});

test('after a look that came just too early the next one is made as soon as the change has come, nearly whatever it costs', (t) => {
  const soon = probeOf(between(0, 10_000), 5000, 0, cycleMs);
  t.deepEqual(soon, { fromMs: 13_500, untilMs: 23_500, fill: 0.02 });
  t.true(isOpen(soon, 14_000, 0.05));
  t.is(probeOf(between(0, 40_000), 5000, 0, cycleMs), null);
});

test('it is made in time, and only where calls are there', (t) => {
  const probe = probeOf(between(20_000, cycleMs), 0, 2, cycleMs);
  t.false(isOpen(probe, 59_000, 1));
  t.true(isOpen(probe, 61_000, 0.5));
  t.false(isOpen(probe, 61_000, 0.3));
  t.false(isOpen(probe, 71_000, 1));
  t.false(isOpen(null, 61_000, 1));
});
