import test from 'ava';
import fc from 'fast-check';
import { clusterTimeMs, leaseId, logIndex, noSession, revision, term } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Command } from '../../src/ports/command.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import { createStateMachine, type StateMachine } from '../../src/state/state-machine.ts';
import { createWatchHub, type WatchedChanges } from '../../src/state/watch-hub.ts';
import { aCommand } from './arbitraries.ts';
import { b, del, grant, Log, lease, put, range, revoke, txn, valueIs } from './commands.ts';
import { MemoryImage } from './memory-history.ts';

function begun(state: StateMachine, ...commands: readonly Command[]) {
  const point = { index: logIndex(state.applied.index + 1), term: term(1) };
  const batches = [{ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands }];
  return state.begin(point, { timeMs: clusterTimeMs(1_000_000), batches });
}

const many = Array.from({ length: 40 }, (_, i) => put(`k${String(i).padStart(2, '0')}`, `${i % 7}`));

test('wherever apply gives way, results, changes and digest are the same', (t) => {
  fc.assert(
    fc.property(fc.array(fc.array(aCommand, { maxLength: 12 }), { maxLength: 8 }), fc.nat(6), (blocks, n) => {
      const whole = new Log(createStateMachine({ limits, keysPerSlice: 1e9 }));
      const sliced = new Log(createStateMachine({ limits, keysPerSlice: n + 1 }));
      for (const commands of blocks) t.deepEqual(sliced.apply(...commands), whole.apply(...commands));
      t.deepEqual(sliced.state.takeDeltas(), whole.state.takeDeltas());
      for (const space of ['user', 'planes', 'system'] as const)
        t.is(sliced.state.digest(space), whole.state.digest(space));
    }),
    { numRuns: 200 },
  );
});

test('what was taken after a slice without changes does not grow with the next one', (t) => {
  const log = new Log(createStateMachine({ limits, keysPerSlice: 3 }));
  const { state } = log;
  log.apply(...many);
  state.takeDeltas();
  state.takeForImage();
  const slices = begun(state, txn([valueIs('k', '3', 'l')], [], [range('k', 'l'), put('k', 'once')]));
  const taken: (readonly StateDelta[])[] = [];
  const staged: (readonly StateDelta[])[] = [];
  for (let done = false; !done; ) {
    done = slices.next().done === true;
    taken.push(state.takeDeltas());
    staged.push(state.takeForImage());
  }
  t.true(taken.length > 1);
  t.deepEqual(
    taken.flat().map(({ key }) => key),
    [b('k')],
  );
  t.is(staged.flat().length, 1);
});

test('a transaction of large ranges in slices: sorted, filtered, limited, and with deletions in between', (t) => {
  const commands = [
    txn(
      [valueIs('k', '3', 'l'), valueIs('x', '0', 'y')],
      [],
      [
        range('k', 'l', { order: 'descend', target: 'value', limit: 9 }),
        range('k', 'l', { limit: 11 }),
        range('k', 'l', { minModRevision: revision(2), order: 'descend' }),
        range('k', 'l', { keysOnly: true, target: 'value' }),
        del('k1', 'k3', { previous: true }),
        put('k15', 'again'),
        range('k', 'l', { countOnly: true }),
        range('k', 'l'),
      ],
    ),
  ];
  const answers = [1, 3, 10, 1000].map((keysPerSlice) => {
    const log = new Log(createStateMachine({ limits, keysPerSlice }));
    log.apply(...many);
    return log.apply(...commands);
  });
  for (const answer of answers) t.deepEqual(answer, answers[3]);
});

test('until an entry is whole, revisions are those before it, and no image is taken', (t) => {
  const log = new Log(createStateMachine({ limits, keysPerSlice: 5 }));
  log.apply(...many);
  const { state } = log;
  const before = state.revision('user');
  const slices = begun(state, put('a', '1'), del('k', 'l'), put('z', '1'));
  let turns = 0;
  for (let step = slices.next(); step.done !== true; step = slices.next()) {
    turns++;
    t.false(state.whole);
    t.is(state.revision('user'), before);
    t.is(state.applied.index, logIndex(1));
    t.throws(() => state.takeImageBatch(), { message: /whole entries/ });
    t.throws(() => log.apply(put('b', '1')), { message: /one entry at a time/ });
  }
  t.true(turns >= 8);
  t.true(state.whole);
  t.is(state.revision('user'), revision(before + 3));
});

test('a lease of many keys ends in slices: in key order, one revision', (t) => {
  const log = new Log(createStateMachine({ limits, keysPerSlice: 3 }));
  log.apply(grant(7n, 1e6), ...many.toReversed().map((command) => ({ ...command, ...lease(7n) })));
  log.state.takeDeltas();
  const slices = begun(log.state, revoke(7n));
  let turns = 0;
  for (let step = slices.next(); step.done !== true; step = slices.next()) turns++;
  t.true(turns > 10);
  const deltas = log.state.takeDeltas();
  t.deepEqual(
    deltas.map(({ key, sub }) => [key, sub]),
    many.map(({ key }, i) => [key, i]),
  );
  t.is(new Set(deltas.map((delta) => delta.revision)).size, 1);
  t.is(log.state.lease(leaseId(7n)), null);
});

test('watchers get a revision in one piece, who joins while it is applied too', async (t) => {
  const log = new Log(createStateMachine({ limits, keysPerSlice: 4 }));
  const { state } = log;
  const image = new MemoryImage(3);
  const hub = createWatchHub({
    source: state,
    history: state.history(image.history),
    failed: (cause) => t.fail(String(cause)),
  });
  log.apply(...many);
  hub.publish(state.takeDeltas());
  const watching = (fromRevision: number) => {
    const batches: WatchedChanges[] = [];
    const request = { space: 'user', key: b('k'), rangeEnd: b('l'), previous: true } as const;
    hub.watch(
      { ...request, fromRevision: revision(fromRevision) },
      { events: (batch) => batches.push(batch) > 0, ended: ({ message }) => t.fail(message) },
    );
    return batches;
  };
  const early = watching(0);
  const slices = begun(state, del('k', 'l'), put('k', 'new'));
  slices.next();
  slices.next();
  hub.gather(state.takeDeltas());
  const late = watching(0);
  const next = watching(state.revision('user') + 1);
  for (let step = slices.next(); step.done !== true; step = slices.next()) hub.gather(state.takeDeltas());
  t.is(early.length, 0);
  hub.publish(state.takeDeltas());
  for (let i = 0; i < 20; i++) await null;
  const deletion = revision(state.revision('user') - 1);
  for (const batches of [early, late, next]) {
    const deltas: StateDelta[] = batches.flatMap(({ events }) => events.map(({ delta }) => delta));
    t.deepEqual(
      deltas.map(({ revision: at }) => at),
      [...many.map(() => deletion), revision(deletion + 1)],
    );
    const first = batches.find(({ events }) => events.length > 0);
    t.true((first?.events.filter(({ delta }) => delta.revision === deletion).length ?? 0) === many.length);
    t.true(first?.events.slice(0, many.length).every(({ previous }) => previous !== null));
  }
});
