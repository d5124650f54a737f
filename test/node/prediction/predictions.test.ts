import test from 'ava';
import { clusterTimeMs, logIndex, noSession, revision, term } from '../../../src/foundation/ids.ts';
import { limits } from '../../../src/foundation/limits.ts';
import type { ReadOutcome } from '../../../src/node/node.ts';
import type { Command, Consistency, Prediction, RangeRequest } from '../../../src/ports/command.ts';
import type { LogEntry } from '../../../src/ports/log-store.ts';
import type { NodeLog } from '../../../src/ports/node-log.ts';
import { decodeBlock, encodeBlock } from '../../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { b, predict, prediction, put, range } from '../../state/commands.ts';
import { Bench } from '../bench.ts';

const baseMs = 1e12;

function entry(index: number, ...commands: readonly Command[]): LogEntry {
  const bytes = encodeCommandBatch({ session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands });
  return {
    term: term(1),
    index: logIndex(index),
    kind: 'commands',
    payload: encodeBlock(clusterTimeMs(baseMs + index), [bytes]),
  };
}

/** Made at the beginning of cluster time, good for ten seconds. */
const guess = (key: string, madeFrom: number, rest: Partial<Prediction> = {}): Prediction =>
  prediction(key, madeFrom, {
    madeAtMs: clusterTimeMs(baseMs),
    forMs: clusterTimeMs(baseMs + 1000),
    validUntilMs: clusterTimeMs(baseMs + 10_000),
    ...rest,
  });

async function read(bench: Bench, request: RangeRequest, consistency: Consistency): Promise<ReadOutcome> {
  return bench.until(new Promise((resolve) => bench.node.read(request, consistency, resolve)));
}

/** Commands of all blocks in the order of the log, as they went out. */
function proposed(bench: Bench): readonly Command[][] {
  const entries = new Map<number, Command[]>();
  for (const message of bench.sent)
    if (message.type === 'append')
      for (const { index, kind, payload } of message.entries)
        if (kind === 'commands')
          entries.set(
            index,
            decodeBlock(payload).batches.flatMap(({ commands }) => commands),
          );
  return [...entries].sort(([x], [y]) => x - y).map(([, commands]) => commands);
}

test('a predicted read: what is true, and what is predicted of it with at least that confidence', async (t) => {
  const bench = new Bench();
  await bench.start();
  const entries = [entry(1, put('a', '1'), put('b', '1'), put('c', '1'))];
  const sure = guess('b', 3, { confidence: 0.9 });
  entries.push(entry(2, predict(guess('a', 2, { confidence: 0.4 }), sure)));
  bench.append('a', 1, entries, 2);
  await bench.run(20);
  const all = await read(bench, range('a', 'z'), { minConfidence: 0 });
  t.like(all, { kind: 'range', revision: 4, count: 3 });
  if (all instanceof Error || !('predictions' in all)) return t.fail();
  t.deepEqual(
    all.predictions.map((one) => one.prediction.key),
    [b('a'), b('b')],
  );
  const [, second] = all.predictions;
  t.deepEqual(second?.prediction, sure);
  t.true((second?.ageMs ?? -1) >= 2 && (second?.ageMs ?? -1) < 2000);
  t.like(await read(bench, range('a', 'z'), { minConfidence: 0.5 }), { predictions: [{ prediction: sure }] });
  t.like(await read(bench, range('c'), { minConfidence: 0 }), {
    count: 1,
    predictions: [],
    absent: [{ key: b('c'), why: 'no-predictor', confidence: null }],
  });
  const plain = await read(bench, range('a', 'z'), 'serializable');
  t.false('predictions' in plain);
  bench.append('a', 1, [entry(3, put('b', '2'))], 3);
  await bench.run(20);
  t.like(await read(bench, range('b'), { minConfidence: 0 }), { revision: 5, predictions: [] });
});

test('what is past its last moment is not told, though no block has ended it yet', async (t) => {
  const bench = new Bench();
  await bench.start();
  const brief = guess('a', 2, { validUntilMs: clusterTimeMs(baseMs + 1000) });
  bench.append('a', 1, [entry(1, put('a', '1')), entry(2, predict(brief))], 2);
  await bench.run(20);
  t.like(await read(bench, range('a'), { minConfidence: 0 }), { predictions: [{ prediction: brief }] });
  await bench.run(1500);
  t.is(bench.node.state.predictionCount, 1);
  t.like(await read(bench, range('a'), { minConfidence: 0 }), { count: 1, predictions: [] });
});

test('predicted reads that make no sense are refused with what to do', async (t) => {
  const bench = new Bench();
  await bench.start();
  const refusal = async (request: RangeRequest, minConfidence: number): Promise<string> => {
    const outcome = await read(bench, request, { minConfidence });
    return outcome instanceof Error ? `${outcome.code}: ${outcome.message}` : 'answered';
  };
  t.regex(await refusal(range('a'), -0.1), /^invalid-argument: minConfidence is -0\.1/);
  t.regex(await refusal(range('a'), 1.1), /^invalid-argument: minConfidence is 1\.1/);
  t.regex(await refusal(range('a'), Number.NaN), /^invalid-argument: minConfidence is NaN/);
  t.regex(await refusal(range('a', '', { revision: revision(1) }), 0), /^invalid-argument: .*present/);
  t.regex(await refusal(range('a', '', { keysOnly: true }), 0), /^invalid-argument: .*keysOnly/);
  t.regex(await refusal(range('a', '', { countOnly: true }), 0), /^invalid-argument: .*countOnly/);
  t.regex(await refusal(range('a', '', { space: 'system' }), 0), /^invalid-argument: keys of system/);
  t.regex(await refusal(range('a', '', { space: 'predicted' }), 0), /^invalid-argument: keys of predicted/);
  const puts = Array.from({ length: 1001 }, (_, i) => put(`k${i}`, '1'));
  bench.append('a', 1, [entry(1, ...puts)], 1);
  await bench.run(50);
  t.regex(await refusal(range('k', 'l'), 0), /^range-too-large: .*use a limit/);
  t.is(await refusal(range('k', 'l', { limit: 1000 }), 0), 'answered');
});

test('a client cannot predict', (t) => {
  const bench = new Bench();
  return bench.start().then(() => {
    const invalid = bench.node.validate([put('a', '1'), predict(guess('a', 2))]);
    t.deepEqual([...(invalid?.keys() ?? [])], [1]);
    t.like(invalid?.get(1), { code: 'invalid-argument' });
  });
});

test('only a leader proposes predictions; it hears how many were kept', async (t) => {
  const bench = new Bench();
  await bench.start();
  await t.throwsAsync(bench.node.proposePredictions([guess('a', 2)]), { code: 'not-leader' });
  bench.append('a', 1, [entry(1, put('a', '1'))], 1);
  await bench.run(20);
  await bench.lead();
  const proposal = bench.node.proposePredictions([guess('a', 2), guess('a', 1), guess('z', 2)]);
  await bench.run(1000, () => {
    bench.answer();
    return bench.node.state.predictionCount === 1;
  });
  t.deepEqual(await bench.until(proposal), { kept: 1, dropped: 2 });
  const malformed = guess('a', 2, { confidence: 7 });
  await t.throwsAsync(bench.node.proposePredictions([malformed]), { code: 'invalid-argument' });
  const many = Array.from({ length: limits.predictionsPerCommand + 1 }, () => guess('a', 2));
  await t.throwsAsync(bench.node.proposePredictions(many), { code: 'invalid-argument' });
});

test('a new leader brings what it holds ready with the first block; what its log has outdated is dropped', async (t) => {
  const bench = new Bench();
  const asked: number[] = [];
  bench.predictions = {
    preApply: (nowMs) => {
      asked.push(nowMs);
      // By the second time it has heard what the log still did to a.
      if (asked.length > 1)
        return [guess('a', bench.node.state.valuesOf('user', b('a'), b('a~'))[0]!.modRevision)];
      return [guess('a', 2), guess('b', 3), guess('b', 3, { confidence: Number.NaN })];
    },
  };
  const told: unknown[] = [];
  const note = (event: string, fields?: object): void => {
    if (event.startsWith('pre')) told.push([event, fields]);
  };
  const nodeLog: NodeLog = { info: note, warn: note, error: note };
  await bench.start(nodeLog);
  bench.append('a', 1, [entry(1, put('a', '1'), put('b', '1')), entry(2, put('a', '2'))], 1);
  await bench.run(20);
  const blocks: string[][] = [];
  const sent: Command[][] = [];
  await bench.run(20_000, () => {
    if (bench.node.inspect().raft.role === 'leader' && sent.length === 0) {
      sent.push(...proposed(bench));
      for (const message of bench.sent)
        if (message.type === 'append') blocks.push(message.entries.map(({ kind }) => kind));
    }
    bench.answer();
    return bench.node.inspect().open && bench.node.state.predictionCount > 0;
  });
  t.true(asked[0]! >= baseMs && asked[0]! < baseMs + 10_000);
  const kinds = sent.flat().map(({ kind }) => kind);
  t.is(kinds.filter((kind) => kind === 'predict').length, 1);
  t.deepEqual(blocks, [
    ['noop', 'commands'],
    ['noop', 'commands'],
  ]);
  const first = sent.flat().find(({ kind }) => kind === 'predict');
  t.is(first?.kind === 'predict' ? first.predictions.length : 0, 2);
  t.deepEqual(
    [...bench.node.state.predictions()].map(({ key }) => key),
    [b('b')],
  );
  await bench.run(100, () => {
    bench.answer();
    return bench.node.state.predictionCount > 1;
  });
  const { term } = bench.node.inspect().raft;
  t.deepEqual(told, [
    ['prediction-malformed', { fault: "a prediction's confidence and level are numbers from 0 to 1" }],
    ['pre-applied', { term, kept: 1, dropped: 1 }],
    ['pre-applied', { term, kept: 1, dropped: 0 }],
  ]);
  t.is(asked.length, 2);
  t.deepEqual([...bench.node.state.predictions()].map(({ key }) => key).sort(), [b('a'), b('b')]);
});

test('what is brought once the log is applied is about the moment that it can be read, as far as the first block tells', async (t) => {
  const bench = new Bench();
  const asked: number[] = [];
  bench.predictions = {
    preApply: (nowMs) => {
      asked.push(nowMs);
      // There was nothing to be brought with the first block.
      return asked.length === 1 ? [] : [guess('a', 2)];
    },
  };
  await bench.start();
  bench.append('a', 1, [entry(1, put('a', '1'))], 1);
  await bench.run(20);
  await bench.run(20_000, () => {
    if (asked.length === 0) bench.answer();
    return asked.length === 1;
  });
  // So far away are the others.
  await bench.run(400);
  await bench.run(1000, () => {
    bench.answer();
    return bench.node.state.predictionCount > 0;
  });
  t.is(asked.length, 2);
  const [first = 0, second = 0] = asked;
  t.true(second - first >= 800 && second - first < 850, `${second - first}`);
});

test('a source that does not catch up is asked all the same', async (t) => {
  const bench = new Bench();
  let asked = 0;
  bench.predictions = {
    preApply: () => (asked++ === 0 ? [] : [guess('a', 2)]),
    caughtUp: () => new Promise(() => {}),
  };
  await bench.start();
  bench.append('a', 1, [entry(1, put('a', '1'))], 1);
  await bench.run(20);
  await bench.lead();
  await bench.run(400, () => {
    bench.answer();
    return false;
  });
  t.is(asked, 1);
  await bench.run(300, () => {
    bench.answer();
    return bench.node.state.predictionCount > 0;
  });
  t.is(bench.node.state.predictionCount, 1);
});

test('what is done at a promotion is rehearsed while another leads, and comes to nothing', async (t) => {
  const bench = new Bench();
  let rehearsals = 0;
  bench.predictions = {
    preApply: () => [],
    rehearse: () => {
      rehearsals++;
      return [guess('a', 2)];
    },
  };
  await bench.start();
  bench.append('a', 1, [entry(1, put('a', '1'))], 1);
  for (let i = 0; i < 500; i++) {
    bench.heartbeat('a', 1, 1);
    await bench.run(10);
  }
  t.true(rehearsals >= 2 && rehearsals <= 4, `${rehearsals}`);
  t.is(bench.node.inspect().raft.role, 'follower');
  t.is(bench.node.state.predictionCount, 0);
  await bench.lead();
  const before = rehearsals;
  await bench.run(5000, () => {
    bench.answer();
    return false;
  });
  t.is(rehearsals, before);
});

test('a source that fails, or has more than fits into a command, is not in the way of leading', async (t) => {
  const failing = new Bench();
  failing.predictions = {
    preApply: () => {
      throw new Error('no table');
    },
  };
  await failing.start();
  failing.append('a', 1, [entry(1, put('a', '1'))], 1);
  await failing.run(20);
  await failing.lead();
  t.true(failing.node.inspect().open);
  t.is(failing.failure, null);

  const keys = limits.predictionsPerCommand + 500;
  const full = new Bench();
  full.predictions = {
    preApply: () => Array.from({ length: keys }, (_, i) => guess(`k${i}`, i + 2)),
  };
  await full.start();
  full.append('a', 1, [entry(1, ...Array.from({ length: keys }, (_, i) => put(`k${i}`, '1')))], 1);
  await full.run(100);
  await full.lead();
  await full.run(200, () => {
    full.answer();
    return full.node.state.predictionCount > 0;
  });
  t.is(full.node.state.predictionCount, limits.predictionsPerCommand);
  t.truthy(full.node.state.predictionOf('user', b('k0')));
  t.is(full.node.state.predictionOf('user', b(`k${keys - 1}`)), null);
});
