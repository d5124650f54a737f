import test, { type ExecutionContext } from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import { type ExpectedParts, expectedOf } from '../../../src/node/prediction/expected.ts';
import { ScanBudget } from '../../../src/node/prediction/readable.ts';
import { ReadyPredictions } from '../../../src/node/prediction/ready-predictions.ts';
import { ReadyTable } from '../../../src/node/prediction/ready-table.ts';
import { TrackedKeys } from '../../../src/node/prediction/tracked-keys.ts';
import type { RangeRequest } from '../../../src/ports/command.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import type { PredictedRangeResult } from '../../../src/ports/result.ts';
import { b, del, put, range } from '../../state/commands.ts';
import { Stream } from './stream.ts';

async function read(
  t: ExecutionContext,
  { bench }: Stream,
  request: RangeRequest,
  minConfidence = 0,
): Promise<PredictedRangeResult> {
  const outcome = await bench.until(
    new Promise<unknown>((resolve) => bench.node.read(request, { minConfidence }, resolve)),
  );
  if (outcome instanceof TanistError || !('predictions' in (outcome as object))) t.log(outcome);
  return outcome as PredictedRangeResult;
}

const whyOf = ({ absent }: PredictedRangeResult): readonly string[] =>
  absent.map(({ key, why }) => `${key}: ${why}`);

test('what a replica holds ready is told where no failover applied anything, of the value beside it', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 20, String);
  const { values, predictions, absent } = await read(t, stream, range('p/x'));
  t.deepEqual(absent, []);
  const [found] = predictions;
  t.is(found?.source, 'ready');
  t.is(found?.prediction.madeFrom, values[0]!.modRevision);
  t.true(found!.prediction.validUntilMs >= stream.timeMs);
  t.true(found!.ageMs >= 0 && found!.ageMs < 3000, String(found?.ageMs));
  t.is(stream.bench.node.state.predictionCount, 0, 'nothing of it is in the state');
});

test('it is of the present value: not of the one before, nor of a key that is gone', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 20, String);
  stream.predictor.hangs = true;
  await stream.step(put('p/x', '100'));
  const { values, predictions } = await read(t, stream, range('p/x'));
  t.is(predictions[0]?.prediction.madeFrom, values[0]!.modRevision);
  await stream.step(put('p/x', 'no number'));
  t.deepEqual(whyOf(await read(t, stream, range('p/x'))), ['p/x: no-forecast']);
  await stream.step(del('p/x'), put('p/x', '7'));
  const again = await read(t, stream, range('p/x'));
  t.deepEqual(again.predictions, [], 'it is another key');
});

test('a replica that hears no leader goes on telling, as far as its forecasts reach', async (t) => {
  const stream = new Stream();
  await stream.start({ predict: { ...defaultPredictPolicy, minConfidence: 0, horizon: 6 } });
  await stream.rising('p/x', 20, String);
  const [before] = (await read(t, stream, range('p/x'))).predictions;
  await stream.bench.run(3000);
  const [after] = (await read(t, stream, range('p/x'))).predictions;
  t.true(after!.prediction.forMs >= before!.prediction.forMs + 2000);
  t.true(after!.ageMs >= before!.ageMs + 2900);
  await stream.bench.run(10_000);
  t.deepEqual(whyOf(await read(t, stream, range('p/x'))), ['p/x: no-forecast']);
});

test('less than the reader, or the policy, asks for is not told, and how much less is', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 20, String);
  const { predictions, absent } = await read(t, stream, range('p/x'), 1);
  t.deepEqual(predictions, []);
  t.like(absent[0], { key: b('p/x'), why: 'unsure' });
  t.true(absent[0]!.confidence! > 0.5 && absent[0]!.confidence! < 1);
  const strict = new Stream();
  await strict.start({ predict: { ...defaultPredictPolicy, minConfidence: 1 } });
  await strict.rising('p/x', 20, String);
  const refused = await read(t, strict, range('p/x'));
  t.deepEqual(refused.predictions, []);
  t.deepEqual(whyOf(refused), ['p/x: unsure']);
  t.deepEqual(strict.prediction.preApply(0), []);
});

test('of keys without a prediction it is told why', async (t) => {
  const stream = new Stream(1);
  await stream.start();
  await stream.step(put('p/x', '1'), put('p/y', '1'), put('q', '1'));
  t.deepEqual(whyOf(await read(t, stream, range('p', 'r'))), [
    'p/x: no-forecast',
    'p/y: left-out',
    'q: not-asked',
  ]);
  stream.predictor.fault();
  t.deepEqual(whyOf(await read(t, stream, range('p/x'))), ['p/x: no-predictor']);
});

test('left out is what the budget has no room for, not all that is not found yet', (t) => {
  const most = 3;
  const keys = new TrackedKeys(most, Number.POSITIVE_INFINITY, () => {});
  const wide = { ...defaultPredictPolicy, fields: ['/a', '/b', '/c', '/d'] };
  const policies = new Map([
    [b('wide'), wide],
    [b('narrow'), defaultPredictPolicy],
  ]);
  t.is(keys.track('user', b('wide'), wide), null);
  keys.refuse();
  const parts: ExpectedParts = {
    feed: { policyFor: (key) => policies.get(key) ?? null },
    keys,
    ready: new ReadyPredictions(new ReadyTable(), () => 0),
    state: 'running',
  };
  const why = (key: string): unknown => expectedOf(parts, 'user', b(key), 1, 0, new ScanBudget());
  t.like(why('wide'), { why: 'left-out' });
  t.like(why('narrow'), { why: 'learning' }, 'there is room for it');
  for (let i = 0; i < most; i++) keys.track('user', b(`k${i}`), defaultPredictPolicy);
  t.like(why('narrow'), { why: 'left-out' });
});

test('of what is not sure enough no second copy of the value is held, and what is held is counted', async (t) => {
  const bytes = 4096;
  const at = async (minConfidence: number): Promise<number> => {
    const stream = new Stream();
    await stream.start({ predict: { ...defaultPredictPolicy, fields: ['/x'], minConfidence } });
    await stream.rising('p/x', 20, (x) => `{"x":${x},"pad":"${'.'.repeat(bytes)}"}`);
    await read(t, stream, range('p/x'));
    return stream.prediction.status().memoryBytes - stream.prediction.figures!.memoryBytes;
  };
  t.is(await at(1), 0);
  t.true((await at(0)) > bytes);
});
