import test, { type ExecutionContext } from 'ava';
import { seededRandom } from '../../../src/foundation/random.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import { openPrediction } from '../../../src/protocol/parts/prediction.ts';
import { defaultPolicy } from '../../../src/state/policies.ts';
import { b, del, put } from '../../state/commands.ts';
import { Stream } from './stream.ts';

test('keys under a policy are forecast from their changes, and what is expected is at hand without asking anyone', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 20, (second) => `${10 + Math.floor(second / 4)}.5`);
  await stream.step(put('q/other', '7'));
  t.like(stream.prediction.status(), {
    state: 'running',
    keys: 1,
    series: 1,
    ready: 1,
    refused: 0,
    errors: 0,
  });
  const called = stream.predictor.requests.length;
  const [prediction, ...rest] = stream.prediction.preApply(0);
  t.is(rest.length, 0);
  t.is(prediction!.key, b('p/x'));
  t.is(prediction!.madeFrom, stream.bench.node.state.valuesOf('user', b('p/x'), b('p/y'))[0]!.modRevision);
  t.regex(prediction!.value, /^1\d(\.\d)?$/, 'as its numbers look');
  t.true(prediction!.fields[0]!.lower <= prediction!.fields[0]!.mean);
  t.true(prediction!.forMs > prediction!.madeAtMs);
  t.true(prediction!.validUntilMs >= prediction!.forMs);
  t.true(prediction!.confidence >= 0.5 && prediction!.confidence <= 1);
  t.is(stream.predictor.requests.length, called);
});

test('numbers inside JSON values, several to a key, and the rest of the value as it was', async (t) => {
  const stream = new Stream();
  await stream.start({ predict: { ...defaultPredictPolicy, fields: ['/cpu', '/disk/free'] } });
  await stream.rising('p/host', 20, () => '{"name":"h1","cpu":0.25,"disk":{"free":100}}');
  t.like(stream.prediction.status(), { keys: 1, series: 2, ready: 2 });
  const [prediction] = stream.prediction.preApply(0);
  t.is(prediction!.value, b('{"name":"h1","cpu":0.25,"disk":{"free":100}}'));
  t.deepEqual(
    prediction!.fields.map(({ pointer, mean }) => [pointer, mean]),
    [
      ['/cpu', 0.25],
      ['/disk/free', 100],
    ],
  );
});

test('a value that is no number any more is not predicted, and one that becomes a number again is', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 12, () => '5');
  await stream.step(put('p/x', 'five'));
  t.deepEqual(stream.prediction.preApply(0), []);
  t.is(stream.prediction.status().notNumbers, 1);
  await stream.rising('p/x', 3, () => '6');
  t.is(stream.prediction.preApply(0).length, 1);
});

test('deleted keys and removed policies end their series; other weights do not', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.step(put('p/x', '1'), put('p/y', '1'));
  await stream.rising('p/x', 10, () => '5');
  await stream.step(del('p/y'));
  t.is(stream.prediction.status().keys, 1);
  await stream.step({
    kind: 'setPolicy',
    prefix: b('p/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: { ...defaultPredictPolicy, weight: 9 } },
  });
  t.is(stream.prediction.preApply(0).length, 1, 'its past is still known');
  await stream.step({ kind: 'removePolicy', prefix: b('p/') });
  t.like(stream.prediction.status(), { keys: 0, series: 0 });
  t.deepEqual(stream.prediction.preApply(0), []);
});

test('a policy that comes late finds the past of its keys in history', async (t) => {
  const stream = new Stream();
  await stream.start({ predict: null });
  await stream.rising('p/x', 20, () => '5');
  t.is(stream.predictor.requests.length, 0, 'nobody asked');
  await stream.step({
    kind: 'setPolicy',
    prefix: b('p/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy },
  });
  await stream.bench.run(1000);
  t.is(stream.prediction.preApply(0).length, 1);
  t.is(stream.prediction.table.row(0)!.get('observations'), 20);
});

test('keys beyond the budget are left out and counted, the weightiest prefix first', async (t) => {
  const stream = new Stream(10);
  await stream.start();
  await stream.step(...Array.from({ length: 30 }, (_, i) => put(`p/${i}`, '1')));
  t.like(stream.prediction.status(), { keys: 10, series: 10, mostSeries: 10, refused: 20 });
  await stream.step(put('p/important/1', '1'), put('p/important/2', '1'), {
    kind: 'setPolicy',
    prefix: b('p/important/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: { ...defaultPredictPolicy, weight: 5 } },
  });
  await stream.bench.run(1000);
  t.like(stream.prediction.status(), { keys: 10, series: 10, refused: 22 });
  const keys = [...stream.prediction.tracked].map(({ key }) => key);
  t.true(keys.includes(b('p/important/1')) && keys.includes(b('p/important/2')));
});

test('after a change of fields nothing of the old ones is predicted of the new', async (t) => {
  const stream = new Stream();
  await stream.start({ predict: { ...defaultPredictPolicy, fields: ['/cpu'] } });
  await stream.rising('p/host', 12, () => '{"cpu":1,"mem":70}');
  t.is(stream.prediction.preApply(0)[0]?.fields[0]?.mean, 1);
  // So that nothing is told or answered meanwhile.
  stream.predictor.hangs = true;
  await stream.step(put('p/host', '{"cpu":1,"mem":71}'));
  await stream.step({
    kind: 'setPolicy',
    prefix: b('p/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: { ...defaultPredictPolicy, fields: ['/mem'] } },
  });
  await stream.bench.run(1000);
  t.is([...stream.prediction.tracked][0]?.fields[0]?.pointer, '/mem');
  t.deepEqual(stream.prediction.preApply(0), []);
});

test('where the budget is used up keys are looked for again once room came free, and not before', async (t) => {
  const stream = new Stream(10);
  await stream.start();
  await stream.step(...Array.from({ length: 30 }, (_, i) => put(`p/${i}`, '1')));
  await stream.bench.run(1000);
  const { state } = stream.bench.node;
  const keyBeyond = state.keyBeyond.bind(state);
  let looks = 0;
  Object.assign(state, {
    keyBeyond: (...[space, from, count]: Parameters<typeof keyBeyond>) => {
      if (space === 'user' && from === b('p/')) looks++;
      return keyBeyond(space, from, count);
    },
  });
  await stream.bench.run(130_000);
  t.like(stream.prediction.status(), { keys: 10, refused: 20 });
  t.is(looks, 0);
  const [one] = stream.prediction.tracked;
  await stream.step(del(Buffer.from(one!.key, 'latin1').toString()));
  await stream.bench.run(130_000);
  t.like(stream.prediction.status(), { keys: 10, refused: 19 });
  t.is(looks, 1);
});

test('a deletion that was dropped while the past was learnt leaves no key that is forecast', async (t) => {
  const stream = new Stream();
  await stream.start({ predict: null });
  await stream.rising('p/x', 5, () => '5');
  const { feed } = stream.bench.node;
  const { nextTurn } = feed;
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  // Stops once the key was found, before its past is read.
  Object.assign(feed, {
    nextTurn: () => (stream.prediction.status().keys > 0 ? gate : nextTurn.call(feed)),
  });
  await stream.step({
    kind: 'setPolicy',
    prefix: b('p/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy },
  });
  await stream.bench.run(1000);
  t.like(stream.prediction.status(), { state: 'learning', keys: 1 });
  await stream.step(del('p/x'));
  const large = 'x'.repeat(60 * 1024);
  for (let i = 0; i < 10; i++) await stream.step(...Array.from({ length: 30 }, () => put('p/y', large)));
  Object.assign(feed, { nextTurn });
  goOn();
  await stream.bench.run(3000);
  t.true(stream.prediction.status().dropped > 0);
  t.deepEqual(
    [...stream.prediction.tracked].map(({ key }) => key),
    [b('p/y')],
  );
});

test('while keys are looked for again those that are known go on', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 12, () => '5');
  const { feed } = stream.bench.node;
  const { nextTurn } = feed;
  let goOn = (): void => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  Object.assign(feed, { nextTurn: () => gate });
  await stream.step({
    kind: 'setPolicy',
    prefix: b('q/'),
    policy: { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy },
  });
  await stream.step(put('p/x', '6'), put('q/y', '7'));
  await stream.bench.run(1000);
  t.is(stream.prediction.status().state, 'learning');
  t.is(stream.prediction.table.row(0)?.get('lastValue'), 6);
  Object.assign(feed, { nextTurn });
  goOn();
  await stream.step(put('q/y', '8'));
  await stream.bench.run(1000);
  t.like(stream.prediction.status(), { state: 'running', keys: 2 });
  t.is(stream.prediction.table.row(0)?.get('observations'), 13, 'each value once');
  t.is(stream.prediction.table.row(1)?.get('lastValue'), 8);
});

test('a predictor that dies costs the predictions until it has learnt anew, and the node nothing', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 12, () => '5');
  t.is(stream.prediction.preApply(0).length, 1);
  stream.predictor.fault();
  t.like(stream.prediction.status(), { state: 'restarting', errors: 1 });
  t.deepEqual(stream.prediction.preApply(0), [], 'nothing from before it');
  await stream.step(put('p/x', '6'));
  t.is(stream.bench.failure, null);
  stream.predictor.become('running');
  await stream.bench.run(2000);
  t.like(stream.prediction.status(), { state: 'running', keys: 1, ready: 1 });
  t.is(stream.prediction.preApply(0).length, 1);
});

test('a predictor that hangs holds nothing up; its restart is learnt from', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.rising('p/x', 12, () => '5');
  stream.predictor.hangs = true;
  await stream.rising('p/x', 5, () => '6');
  t.is(Number(stream.bench.node.inspect().spaces.user.revision), 18, 'everything was applied');
  t.is(stream.prediction.preApply(0)[0]?.value, b('5'), 'what was known is still at hand');
  stream.predictor.fault();
  stream.predictor.become('running');
  await stream.bench.run(3000);
  const row = stream.prediction.table.row(0);
  t.deepEqual([row?.get('observations'), row?.get('lastValue')], [17, 6]);
});

test('a new leader brings what it has ready with its first block, and the truth ends it', async (t) => {
  const stream = new Stream();
  const { bench } = stream;
  await stream.start();
  await stream.rising('p/x', 20, () => '5');
  await stream.step(put('p/y', '1'));
  await bench.run(10_000, () => bench.node.inspect().raft.leader === null);
  await bench.lead();
  const held = bench.node.state.predictionOf('user', b('p/x'));
  t.is(openPrediction(held!)?.value, b('5'));
  t.is(bench.node.state.predictionOf('user', b('p/y')), null, 'of one value nothing is known');
  t.is(bench.node.inspect().spaces.user.keys, 2, 'and it is nowhere else');
  t.is(stream.prediction.status().preApplied, 1);
});

/** A key whose value is made of how many operations went to a prefix some seconds before. */
async function following(t: ExecutionContext, to: string, stream: Stream): Promise<void> {
  const random = seededRandom('operations');
  const counts: number[] = [];
  for (let second = 0; second < 130; second++) {
    const count = 1 + random.below(6);
    counts.push(count);
    const value = 100 + 10 * (counts[second - 4] ?? 1);
    await stream.step(
      put('p/x', String(value)),
      ...Array.from({ length: count }, (_, i) => put(`${to}other${i}`, 'no number')),
    );
  }
  const { prediction } = stream;
  const [tracked] = [...prediction.tracked].filter(({ key }) => key === b('p/x'));
  const row = prediction.table.row(tracked!.fields[0]!.id)!;
  const inputs = prediction.inputsOf(row);
  t.is(inputs.length, 1);
  t.regex(inputs[0] ?? '', new RegExp(`^operations/${to}/(rate|bytes)$`));
  t.true(row.get('error') < 0.6 * row.get('naiveError'), `${row.get('error')} of ${row.get('naiveError')}`);
  const behaviour = prediction.behaviour().map(({ name }) => name);
  // What waits is counted over both.
  const { series, behaviour: beside, waiting } = prediction.status();
  t.true(beside >= behaviour.length && waiting <= series + beside);
  t.true(behaviour.includes(`operations/${to}/rate`));
}

test('a key that follows how many operations there are is forecast by that, and it is said', async (t) => {
  const stream = new Stream();
  await stream.start();
  await following(t, 'p/', stream);
});

test('operations of prefixes that are not predicted themselves may be followed, too', async (t) => {
  const stream = new Stream();
  await stream.start();
  await stream.step({ kind: 'setPolicy', prefix: b('orders/'), policy: defaultPolicy });
  await following(t, 'orders/', stream);
});

test('100,000 keys that ask: as many as the budget has room for, the rest counted, memory and turns bounded', async (t) => {
  const series = 500;
  const stream = new Stream(series);
  await stream.start();
  for (let block = 0; block < 100; block++)
    await stream.step(...Array.from({ length: 1000 }, (_, i) => put(`p/${block}-${i}`, String(i))));
  t.like(stream.prediction.status(), { keys: series, series, refused: 100_000 - series, mostSeries: series });
  // And the few of how the application behaves.
  t.true(stream.predictor.requests.every(({ observations }) => observations.length <= (series + 16) * 4));
  t.is(stream.bench.failure, null);
});

test('a candidate that fails while others forecast is counted and told, also by the thread after this one', async (t) => {
  const stream = new Stream();
  await stream.start();
  stream.predictor.failed = { count: 3, last: 'gru-base: no such tensor' };
  await stream.rising('p/x', 3, String);
  t.like(stream.prediction.status(), { errors: 3, lastError: 'gru-base: no such tensor' });
  stream.predictor.failed = { count: 5, last: 'gru-base: no such tensor' };
  await stream.rising('p/x', 2, String);
  t.is(stream.prediction.status().errors, 5);
  stream.predictor.fault();
  stream.predictor.become('running');
  stream.predictor.failed = { count: 2, last: 'gru-base: no such tensor' };
  await stream.rising('p/x', 3, String);
  const { errors } = stream.prediction.status();
  t.is(errors - stream.predictor.faults, 7);
});
