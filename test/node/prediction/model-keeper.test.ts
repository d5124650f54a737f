import { readFile } from 'node:fs/promises';
import test from 'ava';
import { type ByteString, byteString, byteStringOfText } from '../../../src/foundation/bytes.ts';
import { defaultRequestLimits as limits } from '../../../src/foundation/limits.ts';
import type { ReplicaFeed } from '../../../src/node/beyond/replica-feed.ts';
import { hotFeed } from '../../../src/node/prediction/hot-feed.ts';
import { ModelKeeper, modelPrefix, modelsEnd } from '../../../src/node/prediction/model-keeper.ts';
import type { Predictor } from '../../../src/node/prediction/predictor.ts';
import { putIfMissing } from '../../../src/node/prediction/put-if-missing.ts';
import type { KeyValue, StateDelta } from '../../../src/ports/delta.ts';
import { silentLog } from '../../../src/ports/node-log.ts';
import { baseModelFile } from '../../../src/prediction/neural/model-file.ts';
import { LoadedModels } from '../../../src/prediction/online/loaded-models.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';
import { b, Log, put as putKey } from '../../state/commands.ts';

const key = (name: string): ByteString => (modelPrefix + byteStringOfText(name)) as ByteString;

/** The thread's side, without the thread. */
function fixture(inLog: Pick<KeyValue, 'key' | 'value'>[] | null = []) {
  const loaded = new LoadedModels();
  const call = async (_: unknown, { name, bytes }: { readonly name: string; readonly bytes: Uint8Array }) =>
    loaded.load(name, bytes, async () => {});
  const predictor = { state: 'running', call: call as unknown as Predictor['call'] } as const;
  const published: (readonly [ByteString, ByteString])[] = [];
  const feed = { nodeLog: silentLog, models: () => inLog };
  return { loaded, predictor, published, feed };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const put = (name: string, value: ByteString): StateDelta =>
  ({ op: 'put', space: 'system', key: key(name), value }) as StateDelta;

test('a model of the log is loaded, and its hash is that of all who hold the same', async (t) => {
  const bytes = await readFile(baseModelFile);
  const inLog = [{ key: key('gru-base'), value: byteString(bytes) }];
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
  const local = async () => [
    { name: 'known', bytes: Buffer.from('a') },
    { name: 'missing', bytes: Buffer.from('b') },
  ];
  const { feed, predictor, published } = fixture([
    { key: key('known'), value: byteString(Buffer.from('x')) },
  ]);
  let leads = false;
  const publish = (name: ByteString, value: ByteString): boolean => {
    if (leads) published.push([name, value]);
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
  t.deepEqual(published, [[key('missing'), byteString(Buffer.from('b'))]]);
});

test('while the state cannot be read nothing is published, and what it holds is loaded once it can be', async (t) => {
  const bytes = byteString(await readFile(baseModelFile));
  let inLog: Pick<KeyValue, 'key' | 'value'>[] | null = null;
  const { predictor, published } = fixture();
  const keeper = new ModelKeeper({
    feed: { nodeLog: silentLog, models: () => inLog },
    predictor,
    local: async () => [{ name: 'gru-base', bytes: Buffer.from('base') }],
    publish: (name, value) => published.push([name, value]) > 0,
  });
  keeper.found();
  for (let look = 0; look < 100; look++) {
    keeper.look();
    await turn();
  }
  t.deepEqual(published, []);
  inLog = [{ key: key('gru-base'), value: bytes }];
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
  log.apply(putIfMissing(key('m'), b('base')));
  t.deepEqual(value(), ['base']);
  log.apply(putKey('model/m', 'learnt', { space: 'system' }));
  log.apply(putIfMissing(key('m'), b('base')));
  t.deepEqual(value(), ['learnt']);
});

function flipped(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}
