import test from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { nodeId } from '../../../src/foundation/ids.ts';
import { LinkKeeper } from '../../../src/node/topology/link-keeper.ts';
import type { Clock } from '../../../src/ports/clock.ts';

const [b, c] = [nodeId('b'), nodeId('c')];

interface World {
  readonly keeper: LinkKeeper;
  readonly probes: { readonly atMs: number; readonly address: string; readonly bytes: number }[];
  readonly settings: { busy: boolean; travelMs: number | null; seen: number | null; fails: boolean };
  run(forMs: number): Promise<void>;
}

function world(): World {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after: () => ({ cancel: () => {} }),
    soon: () => {},
  };
  const probes: World['probes'] = [];
  const settings: World['settings'] = { busy: false, travelMs: 2, seen: null, fails: false };
  const keeper = new LinkKeeper({
    clock,
    targets: () => [
      { id: b, client: 'b:1' },
      { id: c, client: 'c:1' },
      { id: nodeId('d'), client: '' },
    ],
    roundTripMs: () => settings.travelMs,
    bytesPerSecond: () => settings.seen,
    probe: {
      measure: (address, bytes) => {
        probes.push({ atMs: nowMs, address, bytes });
        if (settings.fails) return Promise.reject(new TanistError('unavailable', 'gone'));
        return Promise.resolve({ roundTripMs: 7, bytesPerSecond: bytes === 0 ? null : 1e6 });
      },
    },
    busy: () => settings.busy,
  });
  const run = async (forMs: number): Promise<void> => {
    for (const untilMs = nowMs + forMs; nowMs < untilMs; nowMs += 100) {
      keeper.look();
      for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    }
  };
  return { keeper, probes, settings, run };
}

test('where messages travel, only the rate is probed: once a minute and path, 256 KiB at most', async (t) => {
  const { keeper, probes, run } = world();
  await run(10 * 60_000);
  for (const address of ['b:1', 'c:1']) {
    const own = probes.filter((probe) => probe.address === address);
    t.true(own.length >= 9 && own.length <= 10, `${own.length}`);
    t.true(own.every(({ bytes }) => bytes <= 256 * 1024));
    for (const [i, { atMs }] of own.entries()) if (i > 0) t.true(atMs - (own[i - 1]?.atMs ?? 0) >= 60_000);
  }
  t.deepEqual(keeper.links.slice(0, 2), [
    { to: b, roundTripMs: 2, bytesPerSecond: 1e6 },
    { to: c, roundTripMs: 2, bytesPerSecond: 1e6 },
  ]);
  t.deepEqual(keeper.links[2], { to: nodeId('d'), roundTripMs: 2, bytesPerSecond: null });
});

test('where nothing travels the round trip is probed too', async (t) => {
  const { keeper, probes, settings, run } = world();
  settings.travelMs = null;
  await run(60_000);
  t.is(keeper.links[0]?.roundTripMs, 7);
  t.true(probes.filter(({ bytes }) => bytes === 0).length >= 10);
});

test('a busy node probes nothing, and what real streams say is as good', async (t) => {
  const { keeper, probes, settings, run } = world();
  settings.busy = true;
  await run(5 * 60_000);
  t.is(probes.length, 0);
  t.is(keeper.links[0]?.roundTripMs, 2);
  settings.busy = false;
  settings.seen = 3e6;
  await run(5 * 60_000);
  t.is(probes.length, 0);
  t.is(keeper.links[0]?.bytesPerSecond, 3e6);
});

test('who does not answer is asked again, and what was known stays', async (t) => {
  const { keeper, probes, settings, run } = world();
  await run(60_000);
  settings.fails = true;
  const before = probes.length;
  await run(3 * 60_000);
  t.true(probes.length >= before + 4);
  t.is(keeper.links[0]?.bytesPerSecond, 1e6);
});
