import test from 'ava';

import { statusOf } from '../../../src/api/services/status-of.ts';
import { encodeReport } from '../../../src/node/peers/self-report.ts';
import { Bench } from '../bench.ts';

const report = (diskFree: number): Uint8Array =>
  encodeReport({
    loopLagMs: 0,
    syncMs: 0,
    memoryUsed: 0,
    diskFree,
    applied: 0,
    revision: 1,
    facts: null,
    replicas: [],
    links: [],
    integrity: null,
    model: null,
  });
const room = (free: number) => ({
  memoryUsedBytes: null,
  memoryLimitBytes: null,
  diskFreeBytes: free,
  diskBytes: 1000,
});

async function leading(freeOf: Readonly<Record<'a' | 'c', number>>): Promise<Bench> {
  const bench = new Bench(1, ['a', 'b', 'c'], { diskReserveBytes: 100 });
  for (const [peer, free] of Object.entries(freeOf)) bench.reports.set(peer, report(free));
  bench.vitals = room(500);
  await bench.start();
  await bench.lead();
  return bench;
}

/** To whom it has given leadership within a while in which its peers answer; none: null. */
async function successor(bench: Bench): Promise<string | null> {
  let to: string | null = null;
  await bench.run(4000, () => {
    to ??= bench.sent.find(({ type }) => type === 'timeoutNow')?.to ?? null;
    bench.answer();
    return to !== null;
  });
  return to;
}

test('a leader whose disk is full gives leadership to a replica with room, not to one without', async (t) => {
  for (const [a, c, expected] of [
    [0, 0.5, 'c'],
    [0.5, 0, 'a'],
    [0, 0, null],
  ] as const) {
    const bench = await leading({ a, c });
    bench.vitals = room(50);
    t.is(await successor(bench), expected);
    await bench.until(bench.node.stop());
  }
});

test('a leader with room keeps leadership, and so does one that is short of it for a moment', async (t) => {
  const bench = await leading({ a: 0.5, c: 0.5 });
  t.is(await successor(bench), null);
  bench.vitals = room(50);
  await bench.run(600, () => {
    bench.answer();
    return false;
  });
  bench.vitals = room(500);
  t.is(await successor(bench), null);
});

test('status says whose disk is full, at itself and of others', async (t) => {
  const bench = await leading({ a: 0, c: 0.5 });
  const healths = (): readonly string[] => statusOf(bench.node, 'c').members.map(({ health }) => health);
  await bench.run(200, () => {
    bench.answer();
    return false;
  });
  t.deepEqual(healths(), ['disk full: takes no writes until there is room', 'healthy', 'healthy']);
  bench.vitals = room(50);
  await bench.run(600, () => {
    bench.answer();
    return false;
  });
  t.regex(healths()[1] ?? '', /^disk full/);
});
