import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type HotNode, startHotNode } from '../../src/api/start/start-node.ts';
import { connect, type TanistClient } from '../../src/client/index.ts';
import { clusterTimeMs, revision } from '../../src/foundation/ids.ts';
import { freePorts } from '../../src/local/ports.ts';
import { parseClusterConfig } from '../../src/node/config/config.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import { defaultPredictPolicy, type Prediction } from '../../src/ports/prediction.ts';
import type { PredictedAnswer } from '../../src/ports/state-client.ts';
import { openLevelDisk } from '../../src/storage/level/level-disk.ts';
import { b, prediction } from '../state/commands.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
let folder = '';
let node: HotNode;
let client: TanistClient;
let closeDisk: () => Promise<void>;

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tanist-predicted-'));
  const [port, peer, http] = await freePorts(3);
  const config = parseClusterConfig(
    JSON.stringify({ cluster: 'predicted', nodes: [{ id: 'n0', client: port, peer, http }] }),
  );
  const disk = await openLevelDisk(folder, { reserveBytes: 0 });
  closeDisk = () => disk.close();
  node = await startHotNode({ config, id: 'n0', dataFolder: folder, nodeLog: silentLog, disk });
  client = await connect({ endpoints: node.addresses.client });
});
test.after.always(async () => {
  await client?.close();
  await node?.stop(false);
  await closeDisk?.();
  await rm(folder, { recursive: true, force: true });
});

/** As the node's models would make it of the key as it is. */
function made(key: string, madeFrom: number, rest: Partial<Prediction> = {}): Prediction {
  const nowMs = node.node.state.timeMs;
  return prediction(key, madeFrom, {
    madeAtMs: clusterTimeMs(nowMs),
    forMs: clusterTimeMs(nowMs + 1000),
    validUntilMs: clusterTimeMs(nowMs + 600_000),
    ...rest,
  });
}

function cli(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = [main, ...args, '--endpoints', node.addresses.client];
  return new Promise((resolve) => {
    execFile(process.execPath, all, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

test.serial('the client reads what is true and, beside it, what is predicted', async (t) => {
  await client.put('cpu/a', '{"cpu":1}');
  const { revision: madeFrom } = await client.put('cpu/b', '{"cpu":2}');
  const guess = made('cpu/b', madeFrom, {
    value: b('{"cpu":2.5}'),
    fields: [{ pointer: '/cpu', mean: 2.5, lower: 2, upper: 3 }],
  });
  t.deepEqual(await node.node.proposePredictions([guess]), { kept: 1, dropped: 0 });
  const answer = await client.get('cpu/', { prefix: true, consistency: 'predicted', minConfidence: 0.5 });
  t.deepEqual(
    answer.values.map(({ value }) => text(value)),
    ['{"cpu":1}', '{"cpu":2}'],
  );
  t.is(answer.revision, madeFrom);
  const [found, ...others] = answer.predictions;
  t.deepEqual(others, []);
  const { confidence, changeProbability, level, fields, model } = guess;
  t.like(found, {
    confidence,
    changeProbability,
    level,
    fields,
    model,
    forMs: guess.forMs,
    validUntilMs: guess.validUntilMs,
  });
  t.deepEqual([text(found?.key), text(found?.value)], ['cpu/b', '{"cpu":2.5}']);
  t.deepEqual([text(found?.last.value), found?.last.modRevision], ['{"cpu":2}', madeFrom]);
  t.true((found?.ageMs ?? -1) >= 0);
  t.deepEqual((await client.get('cpu/b', { consistency: 'predicted', minConfidence: 0.9 })).predictions, []);
  // Nobody sees it who did not ask.
  for (const consistency of ['linearizable', 'serializable'] as const)
    t.is(text((await client.get('cpu/b', { consistency })).values[0]?.value), '{"cpu":2}');
  const range = { key: Buffer.from('cpu/b').toString('base64') };
  const response = await fetch(`http://${node.addresses.http}/v3/kv/range`, {
    method: 'POST',
    body: JSON.stringify(range),
  });
  const { kvs } = (await response.json()) as { kvs: readonly { value: string }[] };
  t.is(Buffer.from(kvs[0]!.value, 'base64').toString(), '{"cpu":2}');
});

test.serial('the truth takes the prediction away', async (t) => {
  const { revision: madeFrom } = await client.put('load', '1');
  await node.node.proposePredictions([made('load', madeFrom)]);
  const read = async (): Promise<number> =>
    (await client.get('load', { consistency: 'predicted' })).predictions.length;
  t.is(await read(), 1);
  await client.put('load', '2');
  t.is(await read(), 0);
  t.deepEqual(await node.node.proposePredictions([made('load', madeFrom)]), { kept: 0, dropped: 1 });
});

test.serial('what makes no sense is refused', async (t) => {
  const refusal = async (options: object): Promise<string | undefined> => {
    const error = await client.get('load', { consistency: 'predicted', ...options }).then(
      () => undefined,
      (failure: { code: string }) => failure,
    );
    return error?.code;
  };
  t.is(await refusal({ minConfidence: 2 }), 'invalid-argument');
  t.is(await refusal({ minConfidence: Number.NaN }), 'invalid-argument');
  t.is(await refusal({ revision: revision(2) }), 'invalid-argument');
  t.is(await refusal({ keysOnly: true }), 'invalid-argument');
  const predicted = client.inSpace('predicted');
  await t.throwsAsync(predicted.get('load'), { code: 'invalid-argument' });
  await t.throwsAsync(predicted.put('load', '1'), { code: 'invalid-argument' });
});

test.serial('the command line shows both, and says what it lacks', async (t) => {
  const { revision: madeFrom } = await client.put('temperature', '20');
  await node.node.proposePredictions([made('temperature', madeFrom)]);
  const human = await cli('get', 'temperature', '--consistency', 'predicted', '--min-confidence', '0.5');
  t.is(human.code, 0, human.stderr);
  t.regex(
    human.stdout,
    new RegExp(
      `^temperature\\n20\\n {2}predicted: 42\\n {2}confidence 0.75, made \\d+ ms ago from revision ${madeFrom} by seasonal-naive\\n` +
        ' {2}changes until then with 87.5 %\\n' +
        ' {2}value: 42, with 90 % from 40.5 to 43.5\\n$',
    ),
  );
  const { stdout } = await cli('get', 'temperature', '--consistency', 'predicted', '--json');
  const document = JSON.parse(stdout) as { predictions: object[] };
  t.like(document, { count: 1, values: [{ value: '20' }] });
  t.like(document.predictions[0], {
    key: 'temperature',
    value: '42',
    confidence: 0.75,
    changeProbability: 0.875,
    level: 0.9,
    model: 'seasonal-naive',
    fields: [{ pointer: '', mean: 42, lower: 40.5, upper: 43.5 }],
    last: { value: '20', modRevision: madeFrom },
  });
  const wrong = await cli('get', 'temperature', '--min-confidence', '0.5');
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /--min-confidence goes with --consistency predicted/);
  const past = await cli('get', 'temperature', '--consistency', 'predicted', '--revision', '2');
  t.is(past.code, 2);
  t.regex(past.stderr, /predictions are values of the present/);
});

test.serial('a policy with what to predict goes through the command line and back', async (t) => {
  const set = [
    'policy',
    'set',
    'cpu/',
    '--predict',
    '/cpu,/memory',
    '--predict-step',
    '1s',
    '--predict-horizon',
    '5',
  ];
  const done = await cli(...set, '--predict-confidence', '0.7', '--predict-weight', '2');
  t.is(done.code, 0, done.stderr);
  const predict = { fields: ['/cpu', '/memory'], stepMs: 1000, horizon: 5, minConfidence: 0.7, weight: 2 };
  const { stdout } = await cli('policy', 'list', '--json');
  t.deepEqual(JSON.parse(stdout), [{ prefix: 'cpu/', ack: 'quorum', tier: 'full', predict }]);
  t.deepEqual((await client.policies())[0]?.policy, { acknowledge: 'quorum', tier: 'full', predict });
  const wrong = await cli('policy', 'set', 'cpu/', '--predict', '/a~x');
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /"\/a~x" is no JSON pointer/);
});

test.serial(
  'in ordinary operation what the node holds ready is told, marked as such, or why there is nothing',
  async (t) => {
    const none = await cli('get', 'load', '--consistency', 'predicted');
    t.regex(
      none.stdout,
      /^load\n2\n {2}no prediction: no policy asks for it \(tanist policy set --predict\)\n$/,
    );
    await client.setPolicy('ready/', { predict: { ...defaultPredictPolicy, minConfidence: 0 } });
    let answer: PredictedAnswer;
    do {
      const { revision: written } = await client.put('ready/a', '5');
      answer = await client.get('ready/a', { consistency: 'predicted' });
      t.is(answer.values[0]?.modRevision, written);
    } while (answer.predictions.length === 0);
    t.like(answer.predictions[0], { source: 'ready', last: { modRevision: answer.values[0]?.modRevision } });
    t.deepEqual(answer.absent, []);
    t.is(node.node.state.predictionOf('user', b('ready/a')), null, 'nothing of it is in the state');
  },
);
