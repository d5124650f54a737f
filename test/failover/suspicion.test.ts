import test from 'ava';
import fc from 'fast-check';
import { deviationsOf, normalTail } from '../../src/failover/normal-tail.ts';
import { defaultSuspicion } from '../../src/failover/options.ts';
import { Suspicion } from '../../src/failover/suspicion.ts';
import { seededRandom } from '../../src/foundation/random.ts';

const options = { ...defaultSuspicion, leastSamples: 0 };

function fed(gaps: readonly number[]): { suspicion: Suspicion; nowMs: number } {
  const suspicion = new Suspicion(options, 0);
  let nowMs = 0;
  for (const gap of gaps) {
    nowMs += gap;
    suspicion.heard(nowMs);
  }
  return { suspicion, nowMs };
}

test('the normal tail has its known values', (t) => {
  t.true(Math.abs(normalTail(0) - 0.5) < 1e-7);
  t.true(Math.abs(normalTail(1.6448536) - 0.05) < 1e-7);
  t.true(Math.abs(normalTail(5.6120012) / 1e-8 - 1) < 1e-4);
  t.true(Math.abs(deviationsOf(8) - 5.6120012) < 1e-4);
});

test('regular heartbeats: suspected at the floor', (t) => {
  const { suspicion, nowMs } = fed(Array(100).fill(20));
  t.is(suspicion.patienceMs(), options.floorMs);
  t.is(suspicion.suspectAtMs(), nowMs + options.floorMs);
  t.is(suspicion.verdict(nowMs + options.floorMs - 0.01), 'alive');
  t.is(suspicion.verdict(nowMs + options.floorMs), 'suspected');
});

test('a jittery peer gets more time, a very jittery one the ceiling (Hayashibara §IV)', (t) => {
  const random = seededRandom('jitter');
  const jittery = fed(Array.from({ length: 200 }, () => 20 + random.next() * 80)).suspicion;
  t.true(jittery.patienceMs() > 120 && jittery.patienceMs() < 400, String(jittery.patienceMs()));
  const wild = fed(Array.from({ length: 200 }, () => 20 + random.next() * 2000)).suspicion;
  t.is(wild.patienceMs(), options.ceilingMs);
});

test('a busy stream teaches the same patience as bare heartbeats', (t) => {
  const busy = fed(Array.from({ length: 2000 }, (_, i) => (i % 10 === 9 ? 15 : 0.5))).suspicion;
  t.is(busy.patienceMs(), options.floorMs);
  t.true(busy.phi(busy.silentSince() + 10) < 2);
});

test('phi grows with silence', (t) => {
  const random = seededRandom(7);
  const { suspicion, nowMs } = fed(Array.from({ length: 200 }, () => 15 + random.next() * 10));
  let last = -1;
  for (let silence = 1; silence < 200; silence += 5) {
    const phi = suspicion.phi(nowMs + silence);
    t.true(phi >= last);
    last = phi;
  }
});

test('the window forgets: after a bad time the patience comes back to what the longest gap says, and that fades', (t) => {
  const random = seededRandom(9);
  const bad = Array.from({ length: 200 }, () => 20 + random.next() * 500);
  const { suspicion } = fed([...bad, ...Array(2 * options.window).fill(20)]);
  t.true(suspicion.patienceMs() > 1.5 * options.floorMs && suspicion.patienceMs() <= 2 * options.floorMs);
  const { suspicion: later } = fed([...bad, ...Array(1_500).fill(20)]);
  t.is(later.patienceMs(), options.floorMs);
});

test('after a long gap, silence that is not much longer says nothing for half a minute, up to twice the floor', (t) => {
  const { suspicion, nowMs } = fed([...Array(50).fill(20), 60, ...Array(20).fill(20)]);
  t.true(suspicion.leastMs() > 118 && suspicion.leastMs() <= 120, String(suspicion.leastMs()));
  t.is(suspicion.verdict(nowMs + suspicion.leastMs() - 0.01), 'alive');
  const { suspicion: worse } = fed([...Array(50).fill(20), 700]);
  t.is(worse.leastMs(), 2 * options.floorMs);
  const { suspicion: later } = fed([...Array(50).fill(20), 700, ...Array(900).fill(20)]);
  t.true(later.leastMs() > 100, 'ten seconds and more of regular heartbeats do not refute it');
});

test('a node that was stopped learns nothing from the gap, even if it hears before it notices', (t) => {
  const { suspicion, nowMs } = fed(Array(100).fill(20));
  suspicion.heard(nowMs + options.ceilingMs + 1);
  suspicion.heard(nowMs + options.ceilingMs + 21);
  t.is(suspicion.leastMs(), options.floorMs);
  t.is(suspicion.patienceMs(), options.floorMs);
});

test('a stall of its own judges nobody until the sockets were drained, and teaches nothing', (t) => {
  const { suspicion, nowMs } = fed(Array(100).fill(20));
  const woke = nowMs + 700;
  suspicion.stalled(woke, 700);
  t.is(suspicion.verdict(woke), 'alive');
  t.is(suspicion.suspectAtMs(), woke + options.stallGraceMs);
  suspicion.heard(woke + 1);
  t.is(suspicion.patienceMs(), options.floorMs);
  t.is(suspicion.suspectAtMs(), woke + 1 + options.floorMs);
});

test('patience is always within floor and ceiling, and the verdict turns exactly at suspectAtMs', (t) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.01, max: 3000, noNaN: true }), { maxLength: 300 }), (gaps) => {
      const { suspicion } = fed(gaps);
      const patience = suspicion.patienceMs();
      const at = suspicion.suspectAtMs();
      return (
        patience >= options.floorMs &&
        patience <= options.ceilingMs &&
        suspicion.verdict(at - 0.001) === 'alive' &&
        suspicion.verdict(at) === 'suspected'
      );
    }),
    { numRuns: 200 },
  );
  t.pass();
});

test('too little measured: as patient as may be', (t) => {
  const suspicion = new Suspicion(defaultSuspicion, 0);
  const { heartbeatMs, leastSamples, ceilingMs, floorMs } = defaultSuspicion;
  for (let beat = 1; beat < leastSamples; beat++) suspicion.heard(beat * heartbeatMs);
  t.is(suspicion.patienceMs(), ceilingMs);
  suspicion.heard(leastSamples * heartbeatMs);
  t.is(suspicion.patienceMs(), floorMs);
  suspicion.restart(leastSamples * heartbeatMs + 1);
  t.is(suspicion.patienceMs(), floorMs, 'what was learnt of one leader counts for the next');
});

test('each suspicion that proves wrong allows more silence, up to the ceiling, and is forgotten in time', (t) => {
  const { suspicion, nowMs } = fed(Array.from({ length: 200 }, () => options.heartbeatMs));
  t.is(suspicion.patienceMs(), options.floorMs);
  suspicion.refuted(nowMs);
  t.is(suspicion.patienceMs(), 1.5 * options.floorMs);
  suspicion.refuted(nowMs);
  t.is(suspicion.patienceMs(), 2.25 * options.floorMs);
  for (let i = 0; i < 20; i++) suspicion.refuted(nowMs);
  t.is(suspicion.patienceMs(), options.ceilingMs);
  const minute = 60_000;
  for (let later = nowMs; later < nowMs + 20 * minute; later += options.heartbeatMs) suspicion.heard(later);
  t.true(suspicion.patienceMs() < 1.02 * options.floorMs);
});
