import test from 'ava';
import fc from 'fast-check';
import type { ByteString } from '../../src/foundation/bytes.ts';
import { clusterTimeMs, revision } from '../../src/foundation/ids.ts';
import { limits as builtIn, defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import type { Command, Prediction } from '../../src/ports/command.ts';
import { spaces } from '../../src/ports/delta.ts';
import { openPrediction } from '../../src/protocol/parts/prediction.ts';
import { validateCommand, validateRange } from '../../src/state/checks/validate.ts';
import { faultOfPrediction } from '../../src/state/predicted/check.ts';
import {
  createStateMachine,
  type StateMachine,
  type StateMachineOptions,
} from '../../src/state/state-machine.ts';
import { createWatchHub, type WatchedChanges } from '../../src/state/watch-hub.ts';
import { aCommand } from './arbitraries.ts';
import {
  b,
  compact,
  del,
  grant,
  Log,
  lease,
  predict,
  prediction,
  put,
  range,
  revoke,
  txn,
} from './commands.ts';
import { MemoryImage } from './memory-history.ts';

const turn = async (): Promise<void> => {};
const newLog = (options: Partial<StateMachineOptions> = {}): Log =>
  new Log(createStateMachine({ limits, ...options }));
const held = (state: StateMachine): string[] => [...state.predictions()].map(({ key }) => key).sort();

function found(log: Log, space: 'user' | 'planes', key: string): Prediction | null {
  const sealed = log.state.predictionOf(space, b(key));
  return sealed === null ? null : openPrediction(sealed);
}

test('what is kept is found as it was made; another of the same key replaces it', (t) => {
  const log = newLog();
  log.apply(put('k', '1'), put('n', '1', { space: 'planes' }));
  const first = prediction('k', 2, {
    value: b('{"cpu":1}\u0000ÿ'),
    model: 'größe+naive',
    fields: [
      { pointer: '/cpu/ü', mean: 0.1, lower: -1e-300, upper: 1e300 },
      { pointer: '/b', mean: 3, lower: 3, upper: 3 },
    ],
  });
  const second = prediction('n', 2, { space: 'planes' });
  t.deepEqual(log.one(predict(first, second)), { kind: 'predict', kept: 2, dropped: 0 });
  t.deepEqual(found(log, 'user', 'k'), first);
  t.deepEqual(found(log, 'planes', 'n'), second);
  t.is(log.state.predictionOf('user', b('n')), null);
  const better = prediction('k', 2, { confidence: 0.9 });
  log.one(predict(better));
  t.deepEqual(found(log, 'user', 'k'), better);
  t.is(log.state.predictionCount, 2);
});

test('nothing is kept of a key that is gone or has moved on, nor of a moment that has passed', (t) => {
  const log = newLog();
  log.apply(put('moved', '1'), put('gone', '1'), put('late', '1'), put('moved', '2'), del('gone'));
  const at = clusterTimeMs(log.timeMs);
  const late = (ms: number) => prediction('late', 4, { validUntilMs: clusterTimeMs(at + ms) });
  t.deepEqual(
    log.one(predict(prediction('moved', 2), prediction('gone', 3), prediction('never', 2), late(-1))),
    {
      kind: 'predict',
      kept: 0,
      dropped: 4,
    },
  );
  t.is<number, number>(log.state.revision('predicted'), 1);
  t.like(log.one(predict(prediction('moved', 5), late(0))), { kept: 2, dropped: 0 });
});

test('whatever changes the key takes its prediction away: put, delete, range, transaction, the end of a lease', (t) => {
  const keys = ['put', 'same', 'deleted', 'range1', 'range2', 'txn', 'revoked', 'expires', 'stays'];
  const log = newLog();
  log.apply(grant(5n, 60_000), grant(6n, 1000), put('stays', '1'));
  for (const key of keys.slice(0, -1))
    log.apply(put(key, '1', key === 'revoked' ? lease(5n) : key === 'expires' ? lease(6n) : {}));
  const found = log.state.range(range('\0', '\0'));
  const values = found.kind === 'range' ? found.values : [];
  log.apply(predict(...values.map(({ key, modRevision }) => prediction(key, modRevision))));
  t.deepEqual(held(log.state), [...keys].sort());
  const after = (command: Command, ...gone: string[]): void => {
    const before = held(log.state);
    const at = log.state.revision('predicted');
    log.one(command);
    t.deepEqual(
      held(log.state),
      before.filter((key) => !gone.includes(key)),
    );
    t.is<number, number>(log.state.revision('predicted'), gone.length === 0 ? at : at + 1);
  };
  after(put('other', '1'));
  after(put('stays', '1', { space: 'planes' }));
  after(put('put', '2'), 'put');
  after(put('same', '1'), 'same');
  after(del('deleted'), 'deleted');
  after(del('deleted'));
  after(del('range', 'rangf'), 'range1', 'range2');
  after(txn([], [put('txn', '2')]), 'txn');
  after(txn([], [], [put('stays', '2')]));
  after(revoke(5n), 'revoked');
  log.wait(1000);
  t.deepEqual(held(log.state), ['stays']);
});

test('it counts up to and including its last moment, and ends by itself behind it', (t) => {
  const log = newLog();
  log.apply(put('k', '1'), put('l', '1'));
  const until = (key: string, ms: number) =>
    prediction(key, key === 'k' ? 2 : 3, { validUntilMs: clusterTimeMs(log.timeMs + ms) });
  log.apply(predict(until('k', 500), until('l', 2500)));
  t.is(log.state.nextDeadlineMs, log.timeMs + 501);
  log.wait(500);
  t.deepEqual(held(log.state), ['k', 'l']);
  log.wait(1);
  t.deepEqual(held(log.state), ['l']);
  log.wait(2000);
  t.deepEqual(held(log.state), []);
  t.is(log.state.nextDeadlineMs, null);
  t.is(log.state.keyCount('predicted'), 0);
});

test('a bound of its own refuses all of a command, by number and by bytes; the quota does not count predictions', (t) => {
  const few = newLog({ bounds: { predictions: 2 } });
  few.apply(put('a', '1'), put('b', '1'), put('c', '1'));
  const { liveBytes } = few.state;
  few.apply(predict(prediction('a', 2)));
  t.is(few.state.liveBytes, liveBytes);
  t.like(few.one(predict(prediction('b', 3), prediction('c', 4))), {
    kind: 'failed',
    code: 'too-many-predictions',
  });
  t.deepEqual(held(few.state), ['a']);
  t.like(few.one(predict(prediction('a', 2), prediction('c', 4))), { kept: 2 });
  const small = newLog({ bounds: { predictionsBytes: 1000 } });
  small.apply(put('a', '1'), put('b', '1'));
  t.like(small.one(predict(prediction('a', 2, { value: b('x'.repeat(900)) }))), {
    code: 'too-many-predictions',
  });
  t.like(small.one(predict(prediction('a', 2, { value: b('x'.repeat(600)) }))), { kept: 1 });
  t.like(small.one(predict(prediction('b', 3, { value: b('x'.repeat(600)) }))), {
    code: 'too-many-predictions',
  });
  t.like(small.one(predict(prediction('a', 2, { value: b('y'.repeat(600)) }))), { kept: 1 });
});

test('what could not be read, or has numbers that are none, is no prediction', (t) => {
  const field = { pointer: '', mean: 1, lower: 0, upper: 2 };
  t.is(faultOfPrediction(prediction('k', 2), limits), null);
  const wrong: readonly Partial<Prediction>[] = [
    { key: b('') },
    { key: b('x'.repeat(limits.keyBytes + 1)) },
    { value: b('x'.repeat(limits.valueBytes + 1)) },
    { space: 'system' as never },
    { madeFrom: -1 as never },
    { validUntilMs: 0.5 as never },
    { model: '' },
    { confidence: 1.1 },
    { level: Number.NaN },
    { fields: [] },
    { fields: [{ ...field, mean: Number.NaN }] },
    { fields: [{ ...field, upper: Number.POSITIVE_INFINITY }] },
    { fields: [{ ...field, lower: 3 }] },
    { fields: [{ ...field, pointer: `/${'x'.repeat(300)}` }] },
  ];
  for (const change of wrong)
    t.is(typeof faultOfPrediction(prediction('k', 2, change), limits), 'string', JSON.stringify(change));
});

test('a command is refused before it enters the log where apply could not look at it, or would for long', (t) => {
  const refusal = (change: object): string | undefined => {
    const command = predict(prediction('k', 2));
    if (command.kind !== 'predict') return 'no command';
    const predictions = command.predictions.map((sealed) => ({ ...sealed, ...change }));
    return validateCommand({ kind: 'predict', predictions }, limits)?.code;
  };
  t.is(refusal({}), undefined);
  for (const change of [{ key: '' }, { space: 'system' }, { madeFrom: -1 }, { validUntilMs: 0.5 }])
    t.is(refusal(change), 'invalid-argument', JSON.stringify(change));
  t.is(refusal({ content: 'x'.repeat(2 * limits.valueBytes) }), 'invalid-argument');
  const many = Array.from({ length: builtIn.predictionsPerCommand + 1 }, (_, i) => prediction(`k${i}`, 2));
  t.is(validateCommand(predict(...many), limits)?.code, 'invalid-argument');
});

test('nobody reads or writes the space as if it were one like the others', (t) => {
  const log = newLog();
  const space = 'predicted' as const;
  const commands = [
    put('k', '1', { space }),
    del('k', '', { space }),
    txn([], [], [], space),
    compact(1, space),
  ];
  for (const command of commands) {
    t.is(validateCommand(command, limits)?.code, 'invalid-argument');
    t.like(log.one(command), { kind: 'failed', code: 'invalid-argument' });
  }
  t.is(validateRange(range('k', '', { space }), limits)?.code, 'invalid-argument');
  t.is<number, number>(log.state.revision('predicted'), 1);
});

const someKeys = ['a', 'b', 'c', 'd', 'aa', 'ab', 'ba'];
const aPrediction = fc
  .record({ key: fc.constantFrom(...someKeys), back: fc.nat(2), ms: fc.integer({ min: -300, max: 3000 }) })
  .map((of) => ({ kind: 'guess' as const, ...of }));
const aWait = fc.nat(1500).map((ms) => ({ kind: 'wait' as const, ms }));
const steps = fc.array(
  fc.oneof({ weight: 3, arbitrary: aCommand }, { weight: 3, arbitrary: aPrediction }, aWait),
  { minLength: 1, maxLength: 60 },
);

test('whatever happens, what is held is what was made of the present revisions and has not passed; the rest is as if nothing were predicted', (t) => {
  fc.assert(
    fc.property(steps, fc.nat(3), (all, n) => {
      const log = newLog({ keysPerSlice: n + 1 });
      const plain = newLog();
      const guesses = new Map<string, Prediction>();
      for (const step of all) {
        if (step.kind === 'wait') {
          log.wait(step.ms);
          plain.wait(step.ms);
        } else if (step.kind === 'guess') {
          const current = log.state.valuesOf('user', b(step.key), null)[0];
          const madeFrom = (current?.key === b(step.key) ? current.modRevision : 1) - step.back;
          const validUntilMs = clusterTimeMs(log.timeMs + step.ms);
          const guess = prediction(step.key, madeFrom, { validUntilMs });
          const result = log.one(predict(guess));
          plain.apply();
          const kept = current?.key === b(step.key) && step.back === 0 && step.ms >= 0;
          t.deepEqual(result, { kind: 'predict', kept: kept ? 1 : 0, dropped: kept ? 0 : 1 });
          if (kept) guesses.set(step.key, guess);
        } else t.deepEqual(log.one(step), plain.one(step));
        for (const [key, guess] of guesses) {
          const current = plain.state.valuesOf('user', b(key), null)[0];
          const isPresent = current?.key === b(key) && current.modRevision === guess.madeFrom;
          if (!isPresent || plain.state.timeMs > guess.validUntilMs) guesses.delete(key);
        }
        t.deepEqual(held(log.state), [...guesses.keys()].sort());
        for (const space of ['user', 'planes', 'system'] as const) {
          t.is(log.state.digest(space), plain.state.digest(space));
          t.is(log.state.revision(space), plain.state.revision(space));
        }
      }
      const isTrue = ({ space }: { readonly space: string }): boolean => space !== 'predicted';
      t.deepEqual(log.state.takeDeltas().filter(isTrue), plain.state.takeDeltas().filter(isTrue));
    }),
    { numRuns: 150 },
  );
});

test('an image carries predictions: a state restored from it goes on exactly like the one that wrote it', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      const log = newLog();
      const image = new MemoryImage();
      const run = (on: Log, step: (typeof before)[number]): unknown => {
        if (step.kind === 'wait') return on.wait(step.ms);
        if (step.kind !== 'guess') return on.one(step);
        const madeFrom = on.state.valuesOf('user', b(step.key), null)[0]?.modRevision ?? 1;
        const validUntilMs = clusterTimeMs(on.timeMs + step.ms);
        return on.one(predict(prediction(step.key, madeFrom, { validUntilMs })));
      };
      for (const [i, step] of before.entries()) {
        run(log, step);
        if (i % 4 === 0) image.append(log.state.takeImageBatch());
        if (i % 7 === 0) image.reclaim((space, key, at) => log.state.isLive(space, key, at));
      }
      image.append(log.state.takeImageBatch());
      const other = newLog();
      await other.state.restore(image.load(), turn);
      other.timeMs = log.timeMs;
      for (const step of [null, ...after]) {
        if (step !== null) t.deepEqual(run(log, step), run(other, step));
        t.deepEqual(held(other.state), held(log.state));
        t.is(other.state.nextDeadlineMs, log.state.nextDeadlineMs);
        for (const space of spaces) {
          t.is(other.state.digest(space), log.state.digest(space));
          t.is(other.state.revision(space), log.state.revision(space));
          t.is(other.state.compacted(space), log.state.compacted(space));
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a stored prediction that cannot be read is damage', async (t) => {
  const log = newLog();
  const image = new MemoryImage();
  log.apply(put('k', '1'));
  log.apply(predict(prediction('k', 2)));
  const batch = log.state.takeImageBatch();
  const spoilt = batch.deltas.map((delta) =>
    delta.space === 'predicted' ? { ...delta, value: b('[1]') } : delta,
  );
  image.append({ ...batch, deltas: spoilt });
  await t.throwsAsync(newLog().state.restore(image.load(), turn), { code: 'data-damaged' });
});

test('what is long past is compacted by itself and leaves memory; what is held stays', (t) => {
  const log = newLog();
  log.apply(put('k', '1'), put('stays', '1'));
  log.apply(predict(prediction('stays', 3)));
  for (let i = 0; i < 1500; i++) {
    log.apply(predict(prediction('k', log.state.revision('user') === 3 ? 2 : log.state.revision('user'))));
    log.apply(put('k', `${i}`));
    log.state.takeImageBatch();
  }
  t.true(log.state.compacted('predicted') > 1);
  t.true(log.state.revision('predicted') - log.state.compacted('predicted') <= 1025);
  t.deepEqual(held(log.state), ['stays']);
  t.is(log.state.keyCount('predicted'), 1);
});

test('a watcher of everything that is true hears nothing of what is predicted, and the space itself is not watched', async (t) => {
  const log = newLog();
  const history = log.state.history(new MemoryImage().history);
  const hub = createWatchHub({
    source: log.state,
    history,
    failed: (cause) => {
      throw cause;
    },
  });
  const heard: ByteString[] = [];
  const codes: string[] = [];
  const sink = {
    events: ({ events }: WatchedChanges): boolean => heard.push(...events.map(({ delta }) => delta.key)) > 0,
    ended: ({ code }: { readonly code: string }) => void codes.push(code),
  };
  const all = { key: b('\0'), rangeEnd: b('\0'), fromRevision: revision(2), previous: false };
  for (const space of spaces) hub.watch({ ...all, space }, sink);
  const apply = (...commands: readonly Command[]): void => {
    log.apply(...commands);
    hub.publish(log.state.takeDeltas());
  };
  await null;
  apply(put('k', '1'));
  apply(predict(prediction('k', 2)));
  apply(put('k', '2'));
  t.deepEqual(heard, [b('k'), b('k')]);
  t.deepEqual(codes, ['invalid-argument']);
});

test('predictions of one command are applied in slices; the result is the same', (t) => {
  const answers = [1, 7, 1e9].map((keysPerSlice) => {
    const log = newLog({ keysPerSlice });
    for (let i = 0; i < 30; i++) log.apply(put(`k${i}`, '1'));
    const all = Array.from({ length: 30 }, (_, i) => prediction(`k${i}`, i % 3 === 0 ? 1 : i + 2));
    const result = log.one(predict(...all));
    return { result, deltas: log.state.takeDeltas(), digest: log.state.digest('predicted') };
  });
  t.deepEqual(answers[0], answers[2]);
  t.deepEqual(answers[1], answers[2]);
});
