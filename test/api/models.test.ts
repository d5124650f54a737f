import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { connect, type TanistClient } from '../../src/client/index.ts';
import { defaultPredictPolicy } from '../../src/ports/prediction.ts';
import { decodeModelFile, encodeModelFile, modelHash } from '../../src/prediction/neural/model-file.ts';
import { drifting } from '../prediction/learning/processes.ts';
import { type EtcdTestCluster, patient, startEtcdCluster } from './etcd/etcd-cluster.ts';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Served {
  readonly cluster: EtcdTestCluster;
  readonly client: TanistClient;
}

async function served(t: ExecutionContext, prediction: object): Promise<Served> {
  const cluster = await startEtcdCluster(1, patient, { prediction });
  t.teardown(() => cluster.stop());
  const client = await connect({ endpoints: cluster.endpoints, deadlineMs: 30_000 });
  t.teardown(() => client.close({ drainMs: 0 }));
  return { cluster, client };
}

function tanist(
  { cluster }: Served,
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, ...args, '--endpoints', cluster.endpoints.join(','), '--timeout', '30s'],
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

/** Until the version in use has this number. */
async function version(client: TanistClient, wanted: number): Promise<void> {
  for (;;) {
    const { learning } = await client.models.get();
    if (learning.model?.version === wanted) return;
    if (learning.rejected > 0) throw new Error(learning.lastRejection);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a client gets the model and teaches it; a command does so from private series', async (t) => {
  const each = await served(t, { learning: { federated: { wanted: 2, waitMs: 0, trustReports: true } } });
  const { client } = each;
  const { file, learning, node } = await client.models.get({ file: true });
  const model = decodeModelFile(file);
  t.is(node as string, 'n0');
  t.is(learning.model?.hash, modelHash(model));
  t.like(learning.model, { name: 'gru-base', version: 1, kind: 'base', parent: '' });
  t.is((await client.models.get()).file.length, 0);
  const contribution = {
    model: model.name,
    base: modelHash(model),
    delta: new Float32Array(model.weights.length).fill(0.001),
    samples: 500,
    clip: 1,
    noise: 0,
    contributor: 'library',
    reported: { before: 0.9, after: 0.8 },
  };
  t.deepEqual(await client.models.contribute(contribution), { waiting: 1, wanted: 2 });
  const refused = (rest: object) =>
    client.models.contribute({ ...contribution, contributor: 'other', ...rest });
  await t.throwsAsync(client.models.contribute(contribution), { code: 'already-contributed' });
  await t.throwsAsync(refused({ base: 'a'.repeat(64) }), { code: 'model-unknown' });
  await t.throwsAsync(refused({ model: 'none' }), { code: 'model-missing' });
  await t.throwsAsync(refused({ delta: new Float32Array(7) }), { code: 'model-invalid' });
  await t.throwsAsync(refused({ delta: contribution.delta.map(() => Number.NaN) }), {
    code: 'model-invalid',
  });
  await t.throwsAsync(refused({ clip: 0.01 }), { code: 'invalid-argument', message: /norm/ });
  await t.throwsAsync(refused({ delta: new Float32Array(2_000_000) }), { code: 'value-too-large' });

  const folder = await mkdtemp(join(tmpdir(), 'tanist-contribute-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const rows = [...drifting(300)].map((value, i) => `${1.7e12 + i * 60_000},${value}`);
  await writeFile(join(folder, 'private-name.csv'), `timestamp,value\n${rows.join('\n')}\n`);
  const dry = await tanist(
    each,
    'model',
    'contribute',
    '--csv',
    folder,
    '--steps',
    '2',
    '--as',
    'me',
    '--dry-run',
  );
  t.is(dry.code, 0, dry.stderr);
  t.regex(
    dry.stdout,
    /what would leave this machine, \d+ bytes: 12075 differences of weights; 240 values trained on/,
  );
  t.notRegex(dry.stdout.split('what would leave')[1]!, /private-name/);
  const args = ['--csv', folder, '--steps', '2', '--as', 'me', '--seed', 'test', '--json'];
  const sent = await tanist(each, 'model', 'contribute', ...args);
  t.is(sent.code, 0, sent.stderr);
  t.like(JSON.parse(sent.stdout), {
    sent: true,
    waiting: 2,
    wanted: 2,
    leaves: { samples: 240, contributor: 'me' },
  });
  await version(client, 2);
  const shown = await tanist(each, 'model', 'show');
  t.is(shown.code, 0, shown.stderr);
  t.regex(shown.stdout, /gru-base version 2, federated {2}sha256 [0-9a-f]{64}/);
  t.regex(shown.stdout, /the mean of 2 contributions, as they themselves reported/);
  t.regex(shown.stdout, /2 contributions, \d refused, 0 of 2 in this round/);
  const { addresses } = each.cluster.nodes[0]!;
  const metrics = await (await fetch(`http://${addresses.http}/metrics`)).text();
  t.regex(metrics, /tanist_model_version 2\n/);
  t.regex(metrics, /tanist_learning_published_total 1\n/);
});

test('what one cluster predicts teaches another: weights move from here to there, and no value', async (t) => {
  const own = await served(t, {});
  const other = await served(t, { learning: { federated: { wanted: 1, waitMs: 0, trustReports: true } } });
  await own.client.setPolicy('secret/', { predict: defaultPredictPolicy });
  const values = [...drifting(300)];
  for (const [i, value] of values.entries()) {
    await own.client.put('secret/load', String(value));
    if (i % 3 === 0) await own.client.put('secret/words', 'no number');
  }
  const known = async (): Promise<number> =>
    (await own.client.models.series('secret/'))[0]?.values.length ?? 0;
  while ((await known()) < 200) await new Promise((resolve) => setTimeout(resolve, 20));
  const [series, ...others] = await own.client.models.series('secret/');
  t.deepEqual(others, [], 'what is no number has no past');
  t.like(series, { space: 'user', key: 'secret/load', pointer: '' });
  const written = new Set(values.map(String));
  t.true(series!.values.every((value) => written.has(String(value))));
  t.true(series!.stepMs > 0 && series!.endMs > 0);
  t.deepEqual(await own.client.models.series('elsewhere/'), []);
  const sent = await tanist(
    other,
    ...['model', 'contribute', '--from', own.cluster.endpoints.join(','), '--prefix', 'secret/'],
    ...['--steps', '2', '--as', 'own', '--json'],
  );
  t.is(sent.code, 0, sent.stderr);
  const told = JSON.parse(sent.stdout);
  t.like(told, { sent: true, waiting: 1, wanted: 1, leaves: { contributor: 'own', clip: 1 } });
  t.true(told.leaves.samples >= 120);
  t.notRegex(sent.stdout, /secret|load/);
  const { learning } = await own.client.models.get();
  t.is(learning.contributed, 0, 'the cluster that it was read from was sent nothing');
  t.is((await other.client.models.get()).learning.contributed, 1);
  const wrong = await tanist(
    other,
    'model',
    'contribute',
    '--from',
    '127.0.0.1:1',
    '--csv',
    'x',
    '--as',
    'own',
  );
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /give either --csv, or --from/);
});

test('an operator puts a model file in the place of the version in use, and the one of the program by default', async (t) => {
  const each = await served(t, {});
  const { client } = each;
  const { file, learning } = await client.models.get({ file: true });
  const own = decodeModelFile(file);
  const folder = await mkdtemp(join(tmpdir(), 'tanist-publish-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'own.model');
  await writeFile(path, encodeModelFile({ ...own, version: 7 }));
  const given = await tanist(each, 'model', 'publish', path);
  t.is(given.code, 0, given.stderr);
  t.regex(given.stdout, /^published, .*\ngru-base version 7, base {2}sha256 [0-9a-f]{64}\n/);
  t.is((await client.models.get()).learning.model?.version, 7);
  const before = (await client.models.get()).learning.published;
  t.is((await client.models.publish(encodeModelFile({ ...own, version: 7 }))).publishing, 'unchanged');
  t.regex((await tanist(each, 'model', 'publish', path)).stdout, /^nothing was published: /);
  t.is((await client.models.get()).learning.published, before, 'it is there already');
  const back = await tanist(each, 'model', 'publish', '--json');
  t.is(back.code, 0, back.stderr);
  t.like(JSON.parse(back.stdout), {
    node: 'n0',
    publishing: 'published',
    model: { version: 1, hash: learning.model!.hash },
  });
  await t.throwsAsync(client.models.publish(Buffer.from('garbage')), { code: 'model-damaged' });
  await t.throwsAsync(client.models.publish(encodeModelFile({ ...own, name: 'other' })), {
    code: 'model-invalid',
    message: /is of other; what is learnt is gru-base/,
  });
  await writeFile(path, file.subarray(0, 20_000));
  const cut = await tanist(each, 'model', 'publish', path);
  t.is(cut.code, 1);
  t.regex(cut.stderr, /own\.model does not have its checksum/);
});

test('where learning is off contributions are refused, and the model is there to look at', async (t) => {
  const { client } = await served(t, { learning: { enabled: false } });
  const { learning } = await client.models.get();
  t.is(learning.state, 'off');
  const contribution = {
    model: 'gru-base',
    base: learning.model!.hash,
    delta: new Float32Array(1),
    samples: 1,
    clip: 1,
    noise: 0,
    contributor: 'me',
    reported: null,
  };
  await t.throwsAsync(client.models.contribute(contribution), {
    code: 'learning-off',
    message: /prediction\.learning\.enabled/,
  });
});

test('a node without a predictor says so', async (t) => {
  const { client } = await served(t, { enabled: false });
  await t.throwsAsync(client.models.get(), { code: 'learning-off', message: /has no predictor/ });
});
