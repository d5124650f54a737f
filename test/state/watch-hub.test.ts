import test from 'ava';
import fc from 'fast-check';
import { revision } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { Command } from '../../src/ports/command.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { createWatchHub, type WatchedChanges, type WatchHandle } from '../../src/state/watch-hub.ts';
import { aCommand } from './arbitraries.ts';
import { b, compact, del, Log, put, txn } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

function bench(batchSize = 3, bounds: { watcherQueueBytes?: number; watchers?: number } = {}) {
  const log = new Log(createStateMachine({ limits }));
  const image = new MemoryImage(batchSize);
  const all: StateDelta[] = [];
  const hub = createWatchHub({
    source: log.state,
    history: log.state.history(image.history),
    failed: (cause) => {
      throw cause;
    },
    ...bounds,
  });
  const apply = (...commands: readonly Command[]): void => {
    log.apply(...commands);
    const deltas = log.state.takeDeltas();
    all.push(...deltas);
    hub.publish(deltas);
  };
  return { log, image, hub, all, apply, store: () => image.append(log.state.takeImageBatch()) };
}

class Recorder {
  readonly batches: WatchedChanges[] = [];
  failure: string | null = null;
  takes = true;
  handle: WatchHandle | null = null;

  events(batch: WatchedChanges): boolean {
    this.batches.push(batch);
    return this.takes;
  }

  ended({ code }: { readonly code: string }): void {
    this.failure = code;
  }

  resume(): void {
    this.takes = true;
    this.handle?.resume();
  }

  get seen(): readonly unknown[] {
    return this.batches.flatMap(({ events }) => events.map(({ delta }) => seenOf(delta)));
  }
}

const seenOf = ({ revision, sub, op, key, value }: StateDelta): unknown => [revision, sub, op, key, value];

/** Lets every pending read of history come to its end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

function watch(
  { hub }: ReturnType<typeof bench>,
  key: string,
  rangeEnd: string,
  fromRevision: number,
  previous = false,
): Recorder {
  const recorder = new Recorder();
  const request = {
    space: 'user',
    key: b(key),
    rangeEnd: b(rangeEnd),
    fromRevision: revision(fromRevision),
    previous,
  } as const;
  recorder.handle = hub.watch(request, recorder);
  return recorder;
}

test('from the present on: keys and ranges, a transaction in one batch', async (t) => {
  const b1 = bench();
  b1.apply(put('a', '0'));
  const one = watch(b1, 'a', '', 0);
  const some = watch(b1, 'a', 'c', 0);
  b1.apply(put('c', '1'), txn([], [put('a', '1'), put('b', '1')]));
  t.is(one.batches.length, 1);
  t.is(some.batches.length, 1);
  t.deepEqual(some.seen, b1.all.filter(({ key, revision }) => key < 'c' && revision > 2).map(seenOf));
  t.is<unknown, unknown>(some.batches[0]?.revision, 4);
  one.handle?.cancel();
  b1.apply(put('a', '2'));
  t.is(one.batches.length, 1);
  t.is(b1.hub.count, 1);
});

test('from the past, partly stored and partly not: no gap, no duplicate', async (t) => {
  const b1 = bench(2);
  b1.apply(put('a', '1'), put('a', '2'));
  b1.store();
  b1.apply(put('a', '3'), del('a'));
  const all = watch(b1, 'a', '', 1);
  const later = watch(b1, 'a', '', 4);
  await settle();
  b1.apply(put('a', '4'));
  t.deepEqual(all.seen, b1.all.map(seenOf));
  t.deepEqual(later.seen, b1.all.slice(2).map(seenOf));
});

test('into the future: nothing below the revision asked for', async (t) => {
  const b1 = bench();
  const recorder = watch(b1, 'a', '', 4);
  b1.apply(put('a', '1'));
  b1.apply(put('a', '2'), put('a', '3'));
  t.deepEqual(recorder.seen, b1.all.slice(2).map(seenOf));
});

test('previous values, live and from history; none where they are compacted', async (t) => {
  const b1 = bench();
  b1.apply(put('a', '1'), put('a', '2'), put('a', '3'), del('a'));
  b1.store();
  b1.apply(compact(3));
  b1.store();
  b1.image.reclaim((space, key, at) => b1.log.state.isLive(space, key, at));
  const recorder = watch(b1, 'a', '', 3, true);
  await settle();
  b1.apply(put('a', '5'), put('a', '6'));
  const before = recorder.batches.flatMap(({ events }) =>
    events.map(({ previous }) => previous?.value ?? null),
  );
  t.deepEqual(before, [null, b('2'), b('3'), null, b('5')]);
});

test('a start below the compacted revision fails, one at it sees its tombstone', async (t) => {
  const b1 = bench();
  b1.apply(put('a', '1'), put('b', '1'), del('a'));
  b1.store();
  b1.apply(compact(4));
  b1.store();
  for (let i = 0; i < 64; i++) b1.apply();
  b1.image.reclaim((space, key, at) => b1.log.state.isLive(space, key, at));
  const tooEarly = watch(b1, 'a', '', 3);
  const justThere = watch(b1, 'a', '', 4);
  t.is(tooEarly.failure, null);
  await settle();
  t.is(tooEarly.failure, 'revision-compacted');
  t.deepEqual(justThere.seen, [[4, 0, 'delete', b('a'), b('')]]);
  t.is(b1.hub.count, 1);
});

test('compaction that overtakes a watcher while history is read ends it', async (t) => {
  const b1 = bench(1);
  for (let i = 0; i < 10; i++) b1.apply(put('a', `${i}`));
  b1.store();
  let reads = 0;
  b1.image.between = () => {
    if (++reads === 4) b1.apply(compact(11));
  };
  const recorder = watch(b1, 'a', '', 2);
  await settle();
  t.is(recorder.failure, 'revision-compacted');
  t.deepEqual(recorder.seen, b1.all.slice(0, recorder.seen.length).map(seenOf));
});

test('a revision larger than a batch of history stays together', async (t) => {
  const b1 = bench(2);
  b1.apply(
    put('x', ''),
    txn(
      [],
      ['a', 'b', 'c', 'd', 'e'].map((key) => put(key, '')),
    ),
    put('y', ''),
  );
  b1.store();
  const recorder = watch(b1, 'a', '\0', 1);
  await settle();
  t.deepEqual(recorder.seen, b1.all.map(seenOf));
  const batchesOfTxn = recorder.batches.filter(({ events }) =>
    events.some(({ delta }) => delta.revision === 3),
  );
  t.is(batchesOfTxn.length, 1);
});

test('a sink that takes no more gets the rest on resume, from memory or, beyond the limit, from history', async (t) => {
  const b1 = bench(3, { watcherQueueBytes: 200 });
  const recorder = watch(b1, 'a', '', 0);
  recorder.takes = false;
  b1.apply(put('a', '1'));
  b1.apply(put('a', '2'));
  t.is(recorder.seen.length, 1);
  recorder.resume();
  t.deepEqual(recorder.seen, b1.all.map(seenOf));
  recorder.takes = false;
  for (let i = 0; i < 20; i++) b1.apply(put('a', `more ${i}`));
  b1.store();
  await settle();
  t.is(recorder.seen.length, 3);
  recorder.resume();
  await settle();
  t.deepEqual(recorder.seen, b1.all.map(seenOf));
});

test('a bookmark says how far the watcher is, once it has caught up', async (t) => {
  const b1 = bench();
  b1.apply(put('x', '1'), put('x', '2'));
  const recorder = watch(b1, 'a', '', 1);
  recorder.handle?.requestProgress();
  t.is(recorder.batches.length, 0);
  await settle();
  t.deepEqual(recorder.batches, [{ revision: revision(3), events: [] }]);
});

test('suspended: watchers are taken, nothing is read or delivered, and a round under way counts for nothing', async (t) => {
  const b1 = bench(1);
  for (let i = 0; i < 8; i++) b1.apply(put('a', `${i}`));
  b1.store();
  const before = watch(b1, 'a', '', 1);
  const synced = watch(b1, 'a', '', 0);
  b1.image.between = () => {
    b1.image.between = () => {
      throw new Error('the history is being replaced');
    };
    b1.hub.suspend();
  };
  await settle();
  const seenBefore = before.seen.length;
  const during = watch(b1, 'a', '', 1);
  before.handle?.resume();
  await settle();
  t.is(before.seen.length, seenBefore);
  t.is(during.seen.length, 0);
  b1.image.between = () => {};
  b1.log.apply(put('a', 'from the snapshot'));
  b1.all.push(...b1.log.state.takeDeltas());
  b1.hub.resume();
  await settle();
  b1.apply(put('a', 'live'));
  t.deepEqual(before.seen, b1.all.map(seenOf));
  t.deepEqual(during.seen, b1.all.map(seenOf));
  t.deepEqual(synced.seen, b1.all.slice(8).map(seenOf));
});

test('beyond the limit a watcher is refused; endAll ends all', async (t) => {
  const b1 = bench(3, { watchers: 1 });
  const first = watch(b1, 'a', '', 0);
  const second = watch(b1, 'a', '', 0);
  t.is(second.failure, null);
  await settle();
  t.is(second.failure, 'too-many-watchers');
  b1.hub.endAll({ kind: 'failed', code: 'stopping', message: '' });
  t.is(first.failure, 'stopping');
});

interface Expectation {
  readonly recorder: Recorder;
  readonly from: number;
  readonly key: string;
  readonly end: string;
  readonly previous: boolean;
}

function watched(all: readonly StateDelta[], { from, key, end }: Expectation): readonly unknown[] {
  return all
    .filter((d) => d.revision >= from)
    .filter((d) => (end === '' ? d.key === key : d.key >= key && (end === '\0' || d.key < end)))
    .map(seenOf);
}

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(aCommand, { minLength: 1, maxLength: 4 })
      .map((commands) => ({ do: 'apply' as const, commands })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('watch' as const),
      key: fc.constantFrom('a', 'b', 'aa'),
      end: fc.constantFrom('', 'b', '\0'),
      back: fc.integer({ min: -3, max: 8 }),
      previous: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'store' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reclaim' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
);

type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

async function play(acts: readonly Act[]) {
  const b1 = bench(2, { watcherQueueBytes: 300 });
  const expectations: Expectation[] = [];
  for (const each of acts) {
    switch (each.do) {
      case 'apply':
        b1.apply(
          ...each.commands.map((c) =>
            c.kind === 'compact' ? compact(Math.max(0, b1.log.state.revision('user') - c.revision)) : c,
          ),
        );
        break;
      case 'watch': {
        const from = Math.max(1, b1.log.state.revision('user') - each.back);
        const recorder = watch(b1, each.key, each.end, from, each.previous);
        expectations.push({ recorder, from, key: each.key, end: each.end, previous: each.previous });
        break;
      }
      case 'store':
        b1.store();
        break;
      case 'reclaim':
        b1.image.reclaim((space, key, at) => b1.log.state.isLive(space, key, at));
        break;
      case 'pause': {
        const paused = expectations[each.which]?.recorder;
        if (paused !== undefined) paused.takes = false;
        break;
      }
      case 'resume':
        expectations[each.which]?.recorder.resume();
        break;
      case 'turns':
        for (let i = 0; i < each.count; i++) await null;
        break;
    }
  }
  for (const { recorder } of expectations) recorder.resume();
  await settle();
  return { expectations, all: b1.all, compacted: b1.log.state.compacted('user') };
}

/** What promises a watch keeps; throws on the first that is broken. */
function check({ expectations, all, compacted }: Awaited<ReturnType<typeof play>>): void {
  const before = new Map<string, StateDelta['previous']>();
  for (const { revision, key, previous } of all)
    if (!before.has(`${revision} ${key}`)) before.set(`${revision} ${key}`, previous);
  for (const expectation of expectations) {
    const { recorder } = expectation;
    const expected = watched(all, expectation);
    const wanted = recorder.failure === null ? expected : expected.slice(0, recorder.seen.length);
    if (JSON.stringify(recorder.seen) !== JSON.stringify(wanted))
      throw new Error(`saw ${JSON.stringify(recorder.seen)}, not ${JSON.stringify(wanted)}`);
    let reached = 0;
    for (const { revision, events } of recorder.batches)
      for (const { delta, previous } of events) {
        if (delta.revision <= reached) throw new Error(`revision ${delta.revision} is torn or out of order`);
        if (delta === events.at(-1)?.delta) reached = revision;
        const truth = before.get(`${delta.revision} ${delta.key}`);
        const known = expectation.previous && (previous !== null || compacted === 0);
        if (known && previous?.modRevision !== truth?.modRevision) throw new Error('wrong previous');
        if (!expectation.previous && previous !== null) throw new Error('nobody asked for it');
      }
  }
}

/** A watcher that is paused and goes on within one round of reading history. */
const lostWhilePaused: Act[] = [
  { do: 'watch', key: 'a', end: '', back: 0, previous: false },
  { do: 'apply', commands: [put('a', ''), del('a')] },
  { do: 'watch', key: 'a', end: '', back: 0, previous: true },
  { do: 'pause', which: 0 },
  { do: 'store' },
  { do: 'apply', commands: [put('a', '')] },
  { do: 'turns', count: 14 },
  { do: 'resume', which: 0 },
  { do: 'apply', commands: [put('a', '')] },
];

test('watchers of any start, range and speed see exactly what happened, or are told that it is compacted', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 60 }), async (acts) => {
      check(await play(acts));
      t.pass();
    }),
    { numRuns: 300, examples: [[lostWhilePaused], [resumedWhileRead]] },
  );
});

for (const name of [
  'drop-watch-event-at-resume',
  'watch-duplicate-at-resume',
  'compaction-past-watcher',
] as const)
  test.serial(`mutant ${name} is found`, async (t) => {
    t.teardown(() => activateMutant(null));
    activateMutant(name);
    await t.throwsAsync(
      fc.assert(
        fc.asyncProperty(fc.array(act, { minLength: 20, maxLength: 60 }), async (acts) => {
          check(await play(acts));
        }),
        { numRuns: 300, endOnFailure: true },
      ),
    );
  });

/** A watcher that goes on while the values before are looked up for others: it asked for its own, too. */
const resumedWhileRead: Act[] = [
  { do: 'apply', commands: [put('d', '')] },
  { do: 'apply', commands: [put('aa', '')] },
  { do: 'watch', key: 'a', end: '', back: 1, previous: true },
  { do: 'apply', commands: [put('a', ''), put('a', ''), put('a', '')] },
  { do: 'watch', key: 'a', end: '', back: 0, previous: false },
  { do: 'store' },
  { do: 'turns', count: 5 },
  { do: 'pause', which: 0 },
  { do: 'resume', which: 1 },
  { do: 'reclaim' },
  { do: 'turns', count: 12 },
];
