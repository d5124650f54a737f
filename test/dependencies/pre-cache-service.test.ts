import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/api/system-clock.ts';
import { candidates, ItemForecaster } from '../../src/dependencies/pre-cache/forecaster.ts';
import { seasonalItems } from '../../src/dependencies/pre-cache/seasonal.ts';
import {
  encodeSequence,
  type Item,
  logKey,
  logPrefix,
  planKey,
  type RequestSequence,
} from '../../src/dependencies/pre-cache/sequence.ts';
import { PreCacheService } from '../../src/dependencies/pre-cache/service.ts';
import { ApplicationStarts } from '../../src/dependencies/pre-cache/starts.ts';
import { decodeStatus, statusKey } from '../../src/dependencies/pre-cache/status.ts';
import { WorkQueue } from '../../src/dependencies/pre-cache/work-queue.ts';
import { StateRegistry } from '../../src/dependencies/registry/state-registry.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { until } from './fleet.ts';
import { MemoryState } from './memory-state.ts';
import { sandbox } from './registry-conformance.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const mondayMs = Date.UTC(2026, 0, 5);

const item = (name: string): Item => ({ path: `${name}/-/${name}-1.0.0.tgz`, key: null, sizeBytes: 1000 });

function sequence(
  startedMs: number,
  names: readonly string[],
  more: Partial<RequestSequence> = {},
): RequestSequence {
  return {
    application: 'shop',
    sandbox: 'gone',
    startedMs,
    items: names.map(item),
    used: null,
    ended: true,
    ...more,
  };
}

function setting(t: ExecutionContext, wallMs: () => number = Date.now) {
  const state = new MemoryState();
  const turns: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    wallMs,
    after: (_, act) => {
      turns.push(act);
      return { cancel: () => undefined };
    },
  };
  const limits = { budgetBytes: 1e9, leastConfidence: 0.5 };
  const forecaster = new ItemForecaster(candidates(), limits);
  const service = new PreCacheService({ state, clock, forecaster, say: (text) => t.log(text) });
  const ending = new AbortController();
  const running = service.run(ending.signal);
  t.teardown(async () => {
    ending.abort();
    await running;
  });
  const log = async (...sequences: RequestSequence[]): Promise<void> => {
    for (const each of sequences) await state.put(logKey(each), encodeSequence(each));
  };
  const planOf = async (id: string): Promise<{ names: readonly string[]; atMs: number } | null> => {
    const [row] = (await state.get(planKey(id))).values;
    if (row === undefined) return null;
    const { items, atMs } = JSON.parse(Buffer.from(row.value).toString('utf8')) as {
      items: [string][];
      atMs: number;
    };
    return { names: items.map(([path]) => path.split('/')[0] ?? '').sort(), atMs };
  };
  const registry = new StateRegistry(state, systemClock);
  return {
    ...{ state, service, log, planOf },
    join: (id: string) => registry.join(sandbox(id), 10_000),
    leave: (id: string) => registry.invalidate(id),
    /** As if so much time had passed that the service looks around. */
    turn: async () => {
      for (const act of turns.splice(0)) act();
      await new Promise((resolve) => setImmediate(resolve));
      await service.settled();
    },
  };
}

test('a sandbox that lasts is told what its application asks for by now', async (t) => {
  const { service, log, planOf, join } = setting(t);
  await join('lasting');
  await log(sequence(1, ['a', 'b']), sequence(2, ['a', 'b']));
  await until(async () => (await planOf('lasting')) !== null);
  t.deepEqual((await planOf('lasting'))?.names, ['a', 'b']);
  await log(...[3, 4, 5, 6].map((i) => sequence(i, ['a', 'c'])));
  await until(async () => (await planOf('lasting'))?.names.includes('c') === true);
  await service.settled();
  t.deepEqual((await planOf('lasting'))?.names, ['a', 'c']);
});

test('a plan that says nothing new is not written again, and not to one in the middle of its requests', async (t) => {
  const { service, log, planOf, join } = setting(t);
  await join('lasting');
  await join('busy');
  await log(sequence(1, ['a', 'b']), sequence(2, ['a', 'b']));
  await until(async () => (await planOf('busy')) !== null);
  await service.settled();
  const { plans } = service;
  await log(sequence(Date.now(), ['a'], { sandbox: 'busy', ended: false }));
  await until(() => service.plans > plans);
  t.deepEqual((await planOf('busy'))?.names, ['b']);
  await log(sequence(4, ['a', 'b']));
  await until(() => service.learnt === 3);
  await service.settled();
  t.is(service.plans, plans + 1);
  t.deepEqual((await planOf('busy'))?.names, ['b']);
});

test('before its application is expected to begin a sandbox is told what it needs at that time', async (t) => {
  let nowMs = mondayMs;
  const { state, service, log, planOf, join, turn } = setting(t, () => nowMs);
  const nights = Array.from({ length: 20 }, (_, i) => mondayMs - (20 - i) * dayMs + 2 * hourMs);
  await log(...nights.map((each) => sequence(each, ['nightly'])));
  await until(() => service.learnt === 20);
  await join('builder');
  await until(async () => (await planOf('builder')) !== null);
  await service.settled();
  // What it was told may be gone from its cache: at the time it is told again.
  await state.delete(planKey('builder'));
  await turn();
  t.is(await planOf('builder'), null);
  nowMs = mondayMs + 2 * hourMs - 5 * 60_000;
  await turn();
  const plan = await planOf('builder');
  t.deepEqual(plan?.names, ['nightly']);
  t.true(Math.abs((plan?.atMs ?? 0) - (mondayMs + 2 * hourMs)) < 10 * 60_000, `${(plan?.atMs ?? 0) - nowMs}`);
  const { plans } = service;
  await turn();
  t.is(service.plans, plans);
});

test('a plan that could not be written before its application begins is written when it can be', async (t) => {
  let nowMs = mondayMs;
  const { state, service, log, planOf, join, turn } = setting(t, () => nowMs);
  const nights = Array.from({ length: 20 }, (_, i) => mondayMs - (20 - i) * dayMs + 2 * hourMs);
  await log(...nights.map((each) => sequence(each, ['nightly'])));
  await until(() => service.learnt === 20);
  await join('builder');
  await until(async () => (await planOf('builder')) !== null);
  await service.settled();
  await state.delete(planKey('builder'));
  nowMs = mondayMs + 2 * hourMs - 5 * 60_000;
  state.failure = new TanistError('no-leader', 'electing');
  await turn();
  state.failure = null;
  await turn();
  t.deepEqual((await planOf('builder'))?.names, ['nightly']);
});

test('who was left in the middle of a sequence is told again what its application asks for', async (t) => {
  let nowMs = mondayMs;
  const { service, log, planOf, join } = setting(t, () => nowMs);
  await join('lasting');
  await log(sequence(nowMs, ['z'], { sandbox: 'lasting', ended: false }));
  await service.settled();
  nowMs += 2 * hourMs;
  await join('other');
  await log(sequence(mondayMs - hourMs, ['y'], { sandbox: 'other', ended: false }));
  await log(...[1, 2].map((i) => sequence(mondayMs + i, ['a', 'b'])));
  await until(() => service.learnt === 2);
  await service.settled();
  t.deepEqual((await planOf('lasting'))?.names, ['a', 'b']);
  t.deepEqual((await planOf('other'))?.names, ['a', 'b']);
});

test('what the plans were worth, and when applications are expected, is in the cluster while it runs', async (t) => {
  let nowMs = mondayMs;
  const { state, service, log, turn } = setting(t, () => nowMs);
  await log(...Array.from({ length: 8 }, (_, i) => sequence(mondayMs - (8 - i) * hourMs, ['a', 'b'])));
  await until(() => service.learnt === 8);
  await turn();
  const [row] = (await state.get(statusKey)).values;
  const status = decodeStatus(row!.value);
  t.like(status, { learnt: 8, atMs: nowMs });
  const [selected] = status?.models ?? [];
  t.is(selected?.model, 'selected');
  t.true((selected?.hitRate ?? 0) > 0.5);
  t.is(selected?.wastedBytes, 0);
  const [application] = status?.applications ?? [];
  t.like(application, { application: 'shop', latestMs: mondayMs - hourMs });
  t.true(Math.abs((application?.expectedMs ?? 0) - mondayMs) < hourMs / 4);
  const { version } = row!;
  nowMs += 10_000;
  await turn();
  t.is((await state.get(statusKey)).values[0]?.version, version);
});

test('an application that has not begun for months is forgotten with its rows', async (t) => {
  let nowMs = mondayMs;
  const { state, service, log, turn } = setting(t, () => nowMs);
  await log(sequence(mondayMs, ['a'], { application: 'merged/branch' }), sequence(mondayMs, ['a']));
  await until(() => service.learnt === 2);
  nowMs += 61 * dayMs;
  await log(sequence(nowMs, ['a']));
  await until(() => service.learnt === 3);
  state.failure = new TanistError('no-leader', 'electing');
  await turn();
  state.failure = null;
  await turn();
  const { values } = await state.get(logPrefix, { prefix: true });
  t.is(values.length, 2);
  t.true(values.every(({ key }) => Buffer.from(key).toString().startsWith(`${logPrefix}shop/`)));
});

test('what waits to be done is done once, with the latest of it, in its first place', async (t) => {
  const done: string[] = [];
  const queue = new WorkQueue(() => done.push('failed'));
  for (let i = 0; i < 1000; i++) queue.add('same', async () => void done.push(`same ${i}`));
  queue.add('bad', () => Promise.reject(new Error('x')));
  queue.add('worse', () => {
    throw new Error('x');
  });
  queue.add('other', async () => queue.add('later', async () => void done.push('later')));
  t.is(queue.length, 4);
  await queue.settled();
  t.deepEqual(done, ['same 999', 'failed', 'failed', 'later']);
});

test('starts of many sandboxes together are one; those who began longest ago are forgotten', (t) => {
  const starts = new ApplicationStarts(2);
  for (let day = 0; day < 10; day++)
    for (let i = 0; i < 5; i++) starts.note('a', mondayMs + day * dayMs + i * 1000);
  const next = starts.next('a', mondayMs + 9 * dayMs + hourMs);
  t.true(Math.abs((next?.quantile(0.5) ?? 0) - 23 * hourMs) < hourMs);
  t.is(starts.next('b', 0), null);
  starts.note('b', 1);
  starts.note('c', 1);
  t.deepEqual([...starts], ['b', 'c']);
});

test('what is asked for on Mondays alone is expected on Mondays alone', (t) => {
  const model = seasonalItems();
  for (let week = 0; week < 10; week++)
    for (let day = 0; day < 5; day++)
      void model.learn(
        sequence(
          mondayMs + (7 * week + day) * dayMs + 9 * hourMs,
          day === 0 ? ['daily', 'monday'] : ['daily'],
        ),
      );
  const on = (day: number, name: string): number =>
    (
      model.expect({
        application: 'shop',
        atMs: mondayMs + (70 + day) * dayMs + 9 * hourMs,
        asked: [],
      }) as ReadonlyMap<string, number>
    ).get(item(name).path) ?? 0;
  t.true(on(0, 'monday') > 0.5, `${on(0, 'monday')}`);
  for (const day of [1, 2, 3]) t.true(on(day, 'monday') < 0.15, `${day}: ${on(day, 'monday')}`);
  for (const day of [0, 1, 6]) t.true(on(day, 'daily') > 0.99);
});
