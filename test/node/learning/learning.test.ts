import test from 'ava';
import type { ByteString } from '../../../src/foundation/bytes.ts';
import { byteString, bytesOf } from '../../../src/foundation/bytes.ts';
import { TanistError } from '../../../src/foundation/errors.ts';
import { modelKey, previousKey } from '../../../src/node/learning/model-record.ts';
import { decodeModelFile, encodeModelFile, modelHash } from '../../../src/prediction/neural/model-file.ts';
import { drifting, small } from '../../prediction/learning/processes.ts';
import { put } from '../../state/commands.ts';
import { LearningBench } from './learning-bench.ts';

const moved = (by: number) => small.weights.map((weight) => weight + by);
const comparison = { series: 1, origins: 90, before: 0.9, after: 0.8, ratio: 0.89, worse: 0 };
const better = (by: number) => ({
  weights: moved(by),
  reason: null,
  comparison,
  samples: 300,
  series: 1,
  workedMs: 5,
});
const trial = { ...comparison, workedMs: 1 };
const inLog = (at: LearningBench, key: ByteString) => {
  const [found] = at.bench.node.state.valuesOf('system', key, `${key}\0` as ByteString);
  return found === undefined ? null : decodeModelFile(bytesOf(found.value));
};

test('the leader learns from what it predicts and publishes what is better on what it was not shown', async (t) => {
  const at = new LearningBench({ steps: 120, everyMs: 60_000 });
  await at.lead();
  const values = drifting(460);
  for (let i = 0; i < values.length; i++) {
    await at.do(put('p/x', values[i]!.toFixed(4)));
    await at.pass(90);
  }
  t.true(await at.until(() => at.status.rounds > 0, 90_000));
  t.like(at.status, { published: 1, rejected: 0, discarded: 0, lastError: '' });
  const published = inLog(at, modelKey)!;
  t.like(published, { name: 'gru-base', version: 2, statistics: { from: 'gru-base 1', steps: 120 } });
  t.like(published.provenance, {
    kind: 'adapted',
    parent: modelHash(small),
    judgedBy: 'backtest',
    contributors: 0,
  });
  t.true(published.provenance!.after < 0.98 * published.provenance!.before);
  t.notDeepEqual(published.weights, small.weights);
  t.is(modelHash(inLog(at, previousKey)!), modelHash(small));
  t.like(at.status.model, { version: 2, parent: modelHash(small), hash: modelHash(published) });
  t.is(modelHash(decodeModelFile(at.learning.model().bytes)), modelHash(published));
});

test('what is no better is not published, and the reason is kept', async (t) => {
  const at = new LearningBench();
  at.predictor.on('learning/round', () => ({ ...better(0), weights: null, reason: 'no better' }));
  await at.lead();
  t.true(await at.until(() => at.status.rejected === 1));
  t.like(at.status, { rounds: 1, published: 0, lastRejection: 'no better', state: 'waiting' });
  t.is(inLog(at, modelKey)?.version, 1);
  t.true(await at.until(() => at.status.rejected === 2), 'the next round comes in its time');
});

test('a round ends with the leadership that began it, even where it comes back', async (t) => {
  const at = new LearningBench({}, ['a', 'b', 'c']);
  const release = at.predictor.hold('learning/round');
  await at.lead();
  t.true(await at.until(() => at.status.state === 'training'));
  at.bench.heartbeat('a', 50);
  await at.bench.run(500);
  t.like(at.status, { state: 'following', discarded: 1 });
  t.true(at.predictor.calls.includes('learning/call-off'));
  await at.bench.lead();
  release(better(0.1));
  await at.pass(2000);
  t.like(at.status, { published: 0, discarded: 1 });
  t.is(inLog(at, modelKey)?.version, 1);
});

test('a version that another one overtook is not published', async (t) => {
  const at = new LearningBench();
  const release = at.predictor.hold('learning/round');
  await at.lead();
  t.true(await at.until(() => at.status.state === 'training'));
  const other = byteString(encodeModelFile({ ...small, version: 9 }));
  await at.do({ ...put('x', ''), value: other, space: 'system', key: modelKey });
  release(better(0.1));
  await at.pass(2000);
  t.like(at.status, { published: 0, discarded: 1 });
  t.regex(at.status.lastError, /another version of the model was published first/);
  t.is(at.status.model?.version, 9);
});

test('what cannot be read in the log gives way to what an operator publishes, whatever its format', async (t) => {
  const at = new LearningBench();
  await at.lead();
  const newer = Buffer.from(encodeModelFile(small));
  newer.writeUInt32LE(99, 8);
  await at.do({ ...put('x', ''), value: byteString(newer), space: 'system', key: modelKey });
  await at.pass(12_000);
  t.throws(() => at.learning.model(), { code: 'model-invalid', message: /format 99.*tanist model publish/ });
  t.is(at.status.model, null);
  const done = at.learning.publish(encodeModelFile({ ...small, version: 4 }));
  await at.pass(500);
  await done;
  t.is(inLog(at, modelKey)?.version, 4);
  t.is(at.learning.model().model.version, 4);
});

test('only the leader publishes', async (t) => {
  const at = new LearningBench({}, ['a', 'b', 'c']);
  await at.bench.start();
  await t.throwsAsync(at.learning.publish(encodeModelFile(small)), { code: 'not-leader' });
});

test('a damaged model in the log gives way to the one of the leader, and learning goes on', async (t) => {
  const at = new LearningBench();
  await at.lead();
  await at.do({ ...put('x', 'no model'), space: 'system', key: modelKey });
  await at.pass(12_000);
  t.is(modelHash(inLog(at, modelKey)!), modelHash(small));
  t.is(at.status.model?.hash, modelHash(small));
});

test('a version that does worse in use than the one before gives way to its weights, under a new number', async (t) => {
  const at = new LearningBench();
  at.predictor.on('learning/round', () => better(0.1));
  at.predictor.on('learning/trial', () => ({ ...trial, before: 0.7, after: 0.9, ratio: 1.286 }));
  await at.lead();
  t.true(await at.until(() => at.status.published === 1));
  t.is(at.status.state, 'trying');
  t.true(await at.until(() => at.status.rolledBack === 1));
  const back = inLog(at, modelKey)!;
  t.is(back.version, 3);
  t.deepEqual(back.weights, small.weights);
  t.like(back.provenance, { kind: 'rolled-back', judgedBy: 'use', before: 0.9, after: 0.7 });
  t.regex(back.provenance!.reason, /back to the weights of version 1: in use its error was 1\.286 /);
  t.regex(at.status.lastRollBack, /1\.286/);
  t.is(at.status.state, 'waiting', 'what was rolled back to is on trial no more');
  const rounds = at.status.rounds;
  await at.pass(12_000);
  t.is(at.status.rounds, rounds, 'after a roll-back rounds are rarer');
});

test('a version in use is decided on by enough of what came since, and then the next round may be', async (t) => {
  const at = new LearningBench();
  at.predictor.on('learning/round', () => better(0.1));
  at.predictor.on('learning/trial', () => ({ ...trial, origins: 63 }));
  await at.lead();
  t.true(await at.until(() => at.status.published === 1));
  await at.pass(25_000);
  t.like(at.status, { state: 'trying', published: 1 });
  at.predictor.on(
    'learning/trial',
    (asked: { sinceMs: number; previous: Float32Array; weights: Float32Array }) => {
      t.is(asked.sinceMs, inLog(at, modelKey)!.provenance!.atMs);
      t.deepEqual(asked.previous, small.weights);
      t.deepEqual(asked.weights, moved(0.1));
      return { ...trial, origins: 64 };
    },
  );
  t.true(await at.until(() => at.status.published === 2));
  t.is(at.status.rolledBack, 0);
});

test('a worker that dies in the middle of a training costs that round and nothing else', async (t) => {
  const at = new LearningBench();
  at.predictor.hold('learning/round');
  await at.lead();
  t.true(await at.until(() => at.status.state === 'training'));
  at.predictor.die();
  await at.pass(500);
  t.like(at.status, { state: 'waiting', discarded: 1, rounds: 0 });
  t.regex(at.status.lastError, /worker stopped/);
  await at.do(put('p/x', '2'));
  t.is(at.bench.failure, null);
  at.predictor.on('learning/round', () => better(0.1));
  t.true(await at.until(() => at.status.published === 1));
});

test('a follower takes what is published, and trains nothing', async (t) => {
  const at = new LearningBench({}, ['a', 'b', 'c']);
  await at.bench.start();
  at.bench.heartbeat('a', 1);
  await at.bench.run(15_000);
  t.is(at.status.state, 'following');
  t.like(at.status.model, { name: 'gru-base', version: 1, kind: 'base' });
  t.deepEqual(at.predictor.calls, []);
});

test('without its file there is no model, until one is published; what is off learns nothing', async (t) => {
  const missing = async () => {
    throw new TanistError('model-missing', 'the model file is gone');
  };
  const none = new LearningBench({}, ['b'], missing);
  await none.lead();
  await none.pass(15_000);
  t.is(none.status.model, null);
  t.throws(() => none.learning.model(), { code: 'model-missing', message: /the model file is gone/ });
  const off = new LearningBench({ enabled: false });
  await off.lead();
  await off.pass(15_000);
  t.is(off.status.state, 'off');
  t.false(off.predictor.calls.some((kind) => kind.startsWith('learning/')));
  t.is(off.learning.model().model.version, 1);
});

test('old versions do not stay in the history of the space for ever', async (t) => {
  const at = new LearningBench();
  at.predictor.on('learning/round', () => better(0.1));
  await at.lead();
  const commands = Array.from({ length: 40 }, (_, i) => ({
    ...put(`note/${i % 3}`, 'x'),
    space: 'system' as const,
  }));
  for (let i = 0; i < 4; i++) await at.do(...commands);
  const { state } = at.bench.node;
  t.is(Number(state.compacted('system')), 0);
  t.true(await at.until(() => state.compacted('system') > 0));
  t.is(state.revision('system') - state.compacted('system'), 64);
  t.is(inLog(at, modelKey)?.version, 2);
});

test('a trial that comes to no end does not hold up learning for ever', async (t) => {
  const at = new LearningBench();
  at.predictor.on('learning/round', () => better(0.1));
  at.predictor.on('learning/trial', () => {
    throw new TanistError('prediction-failed', 'no comparison');
  });
  await at.lead();
  t.true(await at.until(() => at.status.published === 1));
  await at.pass(50_000);
  t.like(at.status, { published: 1, state: 'trying', lastError: 'no comparison' });
  t.true(await at.until(() => at.status.published === 2, 150_000));
});
