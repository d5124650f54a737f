import test from 'ava';
import { world } from './world.ts';

const versioned = { format: { version: '/v' }, freshForMs: 1000 };

test('text versions are compared in natural order', async (t) => {
  for (const [known, offered, isTaken] of [
    ['1.9.0', '1.10.0', true],
    ['1.10.0', '1.9.0', false],
    ['v9', 'v10', true],
    ['2026-01-05T10:00:00Z', '2026-01-05T09:00:00Z', false],
    ['9', '10', true],
    ['1.2', '1.2.1', true],
    ['1.2.1', '1.2', false],
    ['a007', 'a8', true],
  ] as const) {
    const { clock, origin, open, close } = world(versioned);
    const mirrors = await open();
    origin.documents.set('a', { v: known });
    await mirrors.poll('s/a');
    await clock.advance(2000);
    origin.documents.set('a', { v: offered });
    t.is(
      (await mirrors.poll('s/a')).trouble?.code,
      isTaken ? undefined : 'origin-older',
      `${known} → ${offered}`,
    );
    await close();
  }
});

test('an origin that has gone back: the message names the remedy, and that takes it', async (t) => {
  const { clock, origin, open, close } = world(versioned);
  const [one, other] = [await open(), await open()];
  origin.documents.set('a', { v: 100 });
  await one.poll('s/a');
  await clock.advance(2000);
  origin.documents.set('a', { v: 3 });
  const refused = await one.poll('s/a');
  t.like(refused, { hit: 'stale', value: { v: 100 } });
  t.regex(refused.trouble?.message ?? '', /mirror refresh --force/);
  await clock.advance(500);
  t.like(await other.refresh('s/a', 'forced'), { value: { v: 3 }, trouble: null });
  await clock.advance(500);
  t.like(await one.poll('s/a'), { hit: 'fresh', value: { v: 3 } });
  await close();
});

test('what it insists on for long enough is taken; what comes from replicas that lag is not', async (t) => {
  const { clock, origin, open, close } = world(versioned);
  const mirrors = await open();
  const poll = async (): Promise<unknown> => {
    await clock.advance(60_000);
    return (await mirrors.poll('s/a')).value;
  };
  origin.documents.set('a', { v: 100 });
  await mirrors.poll('s/a');
  let n = 0;
  // Each replica behind by another state, and now and then one that is not.
  for (let minute = 0; minute < 60; minute++) {
    n++;
    origin.documents.set('a', { v: minute % 10 === 9 ? 100 : n % 2 });
    t.deepEqual(await poll(), { v: 100 });
  }
  origin.documents.set('a', { v: 3 });
  for (let minute = 0; minute < 14; minute++) t.deepEqual(await poll(), { v: 100 }, `${minute}`);
  for (let minute = 0; minute < 40; minute++) await poll();
  t.deepEqual(await poll(), { v: 3 });
  await close();
});
