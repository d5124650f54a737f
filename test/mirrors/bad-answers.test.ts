import test from 'ava';
import { Refresher } from '../../src/mirrors/refresh/refresher.ts';
import type { OriginAnswer } from '../../src/mirrors/sources/origin.ts';
import { content } from './fake-origin.ts';
import { settle } from './test-clock.ts';
import { codeOf, world } from './world.ts';

const deep = (): unknown => JSON.parse('['.repeat(20_000) + ']'.repeat(20_000));

function circular(): unknown {
  const made: { self?: unknown } = {};
  made.self = made;
  return made;
}

test('what no mirror can keep is a failure of the origin, and nobody is held up by it', async (t) => {
  const answers: readonly (readonly [string, () => OriginAnswer])[] = [
    ['nested too deeply', () => content(deep())],
    ['circular', () => content(circular())],
    ['a BigInt', () => content({ a: 1n })],
    ['no document', () => content(undefined)],
    ['nothing', () => undefined as unknown as OriginAnswer],
    ['of no kind', () => ({ kind: 'other' }) as unknown as OriginAnswer],
  ];
  for (const [what, answer] of answers) {
    const { clock, origin, open, close } = world();
    const [one, other] = [await open(), await open()];
    origin.answer = answer;
    t.is(await codeOf(one.poll('s/a')), 'origin-unreadable', what);
    await settle();
    t.is(other.live.entries.get('s/a')?.claim ?? null, null, what);
    origin.answer = null;
    await clock.advance(2000);
    t.is((await other.poll('s/a')).hit, 'origin', what);
    await close();
  }
});

test('deep JSON goes through a refresher as a failure; it works on, and leaves the origin alone for longer and longer', async (t) => {
  const { clock, origin, open, close } = world({ refresh: 'interval', freshForMs: 1000 });
  const mirrors = await open();
  const refresher = new Refresher(mirrors);
  refresher.start();
  await mirrors.poll('s/a');
  const document = deep();
  origin.answer = () => content(document);
  await clock.advance(10_000);
  t.is(mirrors.live.entries.get('s/a')?.check?.failure?.code, 'origin-unreadable');
  t.true(origin.asked.length < 8, `${origin.asked.length} calls`);
  origin.answer = () => content({ cpu: 2 });
  await clock.advance(20_000);
  t.deepEqual(mirrors.peek('s/a')?.value, { cpu: 2 });
  await refresher.stop();
  await close();
});

test('whatever throws after the claim lets it go; a refresher says so and works on', async (t) => {
  const { clock, origin, open, close } = world({ refresh: 'interval', freshForMs: 1000 });
  const troubles: string[] = [];
  let broken = false;
  const mirrors = await open({ onTrouble: ({ message }) => void troubles.push(message) });
  const next = mirrors.forecasts.next.bind(mirrors.forecasts);
  mirrors.forecasts.next = (...all) => {
    if (broken) throw new RangeError('broken');
    return next(...all);
  };
  const other = await open();
  const refresher = new Refresher(mirrors);
  refresher.start();
  await mirrors.poll('s/a');
  broken = true;
  await clock.advance(2500);
  t.true(troubles.includes('broken'));
  t.is(other.live.entries.get('s/a')?.claim ?? null, null);
  broken = false;
  origin.documents.set('a', { cpu: 2 });
  await clock.advance(5000);
  t.deepEqual(other.peek('s/a')?.value, { cpu: 2 });
  await refresher.stop();
  await close();
});

test('an observer that throws costs no look', async (t) => {
  const { open, close } = world();
  const troubles: string[] = [];
  const mirrors = await open({
    onLook: () => {
      throw new Error('of the observer');
    },
    onTrouble: ({ message }) => void troubles.push(message),
  });
  t.is((await mirrors.poll('s/a')).hit, 'origin');
  t.deepEqual(troubles, ['of the observer']);
  await close();
});
