import { readFile } from 'node:fs/promises';
import test from 'ava';
import { type ByteString, byteString, byteStringOfText } from '../../../src/foundation/bytes.ts';
import { revision } from '../../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import type { ReplicaFeed } from '../../../src/node/beyond/replica-feed.ts';
import { hotFeed } from '../../../src/node/prediction/hot-feed.ts';
import { ModelKeeper, modelPrefix, modelsEnd } from '../../../src/node/prediction/model-keeper.ts';
import type { Predictor } from '../../../src/node/prediction/predictor.ts';
import { putIfUnchanged } from '../../../src/node/prediction/put-if-unchanged.ts';
import type { KeyValue, StateDelta } from '../../../src/ports/delta.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { baseModelFile } from '../../../src/prediction/neural/model-file.ts';
import { LoadedModels } from '../../../src/prediction/online/loaded-models.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { b, Log, put as putKey } from '../../state/commands.ts';

const key = (name: string): ByteString => (modelPrefix + byteStringOfText(name)) as ByteString;

type InLog = Pick<KeyValue, 'key' | 'value' | 'modRevision'>;

/** The thread's side, without the thread. */
function fixture(inLog: InLog[] | null = []) {
  const loaded = new LoadedModels();
  const call = async (_: unknown, { name, bytes }: { readonly name: string; readonly bytes: Uint8Array }) =>
    loaded.load(name, bytes, async () => {});
  const predictor = { state: 'running', call: call as unknown as Predictor['call'] } as const;
  const published: (readonly [ByteString, ByteString, number])[] = [];
  const feed = { nodeLog: silentLog, models: () => inLog };
  return { loaded, predictor, published, feed };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const put = (name: string, value: ByteString): StateDelta =>
  ({ op: 'put', space: 'system', key: key(name), value }) as StateDelta;

test('a model of the log is loaded, and its hash is that of all who hold the same', async (t) => {
  const bytes = await readFile(baseModelFile);
  const inLog = [{ key: key('gru-base'), value: byteString(bytes), modRevision: revision(1) }];
  const keepers = [1, 2].map(() => new ModelKeeper(fixture(inLog)));
  for (const keeper of keepers) {
    keeper.found();
    keeper.look();
    await turn();
  }
  const [left, right] = keepers;
  t.like(left!.loaded[0], { name: 'gru-base', fault: null });
  t.regex(left!.loaded[0]!.hash, /^[0-9a-f]{64}$/);
  t.deepEqual(left!.loaded, right!.loaded);
  t.is(left!.names, right!.names);
});

test('a damaged one, or one with a weight that is no number, is refused; the one before stays in use', async (t) => {
  const bytes = await readFile(baseModelFile);
  const parts = fixture();
  const keeper = new ModelKeeper(parts);
  keeper.applied(put('m', byteString(bytes)));
  keeper.look();
  await turn();
  const { hash } = keeper.loaded[0]!;
  for (const spoilt of [bytes.subarray(0, 1000), Buffer.from('hello'), flipped(bytes), Buffer.alloc(0)]) {
    keeper.applied(put('m', byteString(spoilt)));
    keeper.look();
    await turn();
    t.is(keeper.loaded.length, 1);
    t.is(keeper.loaded[0]!.hash, hash);
    t.not(keeper.loaded[0]!.fault, null);
    t.is(parts.loaded.candidates.length, 1);
  }
  keeper.applied(put('m', byteString(bytes)));
  keeper.look();
  await turn();
  t.is(keeper.loaded[0]!.fault, null);
});

test('a leader publishes what the log has none of, once, and others publish nothing', async (t) => {
  const bytes = await readFile(baseModelFile);
  const local = async () => ['known', 'missing'].map((name) => ({ name, bytes }));
  const { feed, predictor, published } = fixture([
    { key: key('known'), value: byteString(Buffer.from('x')), modRevision: revision(1) },
  ]);
  let leads = false;
  const publish = (name: ByteString, value: ByteString, modRevision: number): boolean => {
    if (leads) published.push([name, value, modRevision]);
    return leads;
  };
  const keeper = new ModelKeeper({ feed, predictor, local, publish });
  for (let look = 0; look < 100; look++) {
    keeper.look();
    await turn();
  }
  t.deepEqual(published, []);
  leads = true;
  for (let look = 0; look < 34; look++) {
    keeper.look();
    await turn();
  }
  t.deepEqual(published, [[key('missing'), byteString(bytes), 0]]);
});

test('a leader does not publish a model file that it cannot use itself', async (t) => {
  const bytes = await readFile(baseModelFile);
  const { feed, predictor, published } = fixture();
  const events: string[] = [];
  const nodeLog = { ...silentLog, warn: (event: string) => void events.push(event) };
  const spoilt = [bytes.subarray(0, 20_000), Buffer.from('garbage!'), flipped(bytes)];
  const keeper = new ModelKeeper({
    feed: { ...feed, nodeLog },
    predictor,
    local: async () => spoilt.map((each, i) => ({ name: `m${i}`, bytes: each })),
    publish: (...given) => published.push(given) > 0,
  });
  for (let look = 0; look < 100; look++) {
    keeper.look();
    await turn();
  }
  t.deepEqual(published, []);
  t.deepEqual(events, ['model-refused', 'model-refused', 'model-refused']);
});

test('a leader with a whole file replaces what nobody can use, if nobody else did, and leaves what another version wrote', async (t) => {
  const bytes = await readFile(baseModelFile);
  const newer = Buffer.from(bytes);
  newer.writeUInt32LE(99, 8);
  for (const [inLog, isReplaced] of [
    [bytes.subarray(0, 20_000), true],
    [Buffer.alloc(0), true],
    [flipped(bytes), true],
    [newer, false],
    [bytes, false],
  ] as const) {
    const { feed, predictor, published } = fixture([
      { key: key('gru-base'), value: byteString(inLog), modRevision: revision(7) },
    ]);
    const keeper = new ModelKeeper({
      feed,
      predictor,
      local: async () => [{ name: 'gru-base', bytes }],
      publish: (...given) => published.push(given) > 0,
    });
    keeper.found();
    for (let look = 0; look < 10; look++) {
      keeper.look();
      await turn();
    }
    t.deepEqual(published, isReplaced ? [[key('gru-base'), byteString(bytes), 7]] : []);
  }
});

test('while the state cannot be read nothing is published, and what it holds is loaded once it can be', async (t) => {
  const bytes = byteString(await readFile(baseModelFile));
  let inLog: InLog[] | null = null;
  const { predictor, published } = fixture();
  const keeper = new ModelKeeper({
    feed: { nodeLog: silentLog, models: () => inLog },
    predictor,
    local: async () => [{ name: 'gru-base', bytes: Buffer.from('base') }],
    publish: (...given) => published.push(given) > 0,
  });
  keeper.found();
  for (let look = 0; look < 100; look++) {
    keeper.look();
    await turn();
  }
  t.deepEqual(published, []);
  inLog = [{ key: key('gru-base'), value: bytes, modRevision: revision(1) }];
  keeper.look();
  await turn();
  t.like(keeper.loaded[0], { name: 'gru-base', fault: null });
});

test('a hot node that has not its whole state says that it cannot say which models there are', (t) => {
  const state = { whole: false, valuesOf: () => [] };
  const feed = hotFeed({ state } as unknown as ReplicaFeed, () => false);
  t.is(feed.models(), null);
  state.whole = true;
  t.deepEqual(feed.models(), []);
});

test('what is published takes the place of nothing that was there', (t) => {
  const log = new Log(createStateMachine({ limits }));
  const value = (): readonly string[] =>
    log.state.valuesOf('system', modelPrefix, modelsEnd).map((each) => each.value);
  log.apply(putIfUnchanged(key('m'), b('base'), 0));
  t.deepEqual(value(), ['base']);
  log.apply(putKey('model/m', 'learnt', { space: 'system' }));
  log.apply(putIfUnchanged(key('m'), b('base'), 0));
  t.deepEqual(value(), ['learnt']);
  const [{ modRevision } = { modRevision: 0 }] = log.state.valuesOf('system', modelPrefix, modelsEnd);
  log.apply(putIfUnchanged(key('m'), b('late'), modRevision - 1));
  t.deepEqual(value(), ['learnt']);
  log.apply(putIfUnchanged(key('m'), b('again'), modRevision));
  t.deepEqual(value(), ['again']);
});

function flipped(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
