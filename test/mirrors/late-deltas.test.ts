import test from 'ava';
import { type Revision, revision } from '../../src/foundation/ids.ts';
import { complete } from '../../src/mirrors/refresh/complete.ts';
import { Looker, type LookerPorts } from '../../src/mirrors/refresh/looker.ts';
import { removeSource } from '../../src/mirrors/sdk/administration.ts';
import { SourceBook } from '../../src/mirrors/sdk/source-book.ts';
import type { Origin } from '../../src/mirrors/sources/origin.ts';
import { LiveMirror } from '../../src/mirrors/state/live-mirror.ts';
import type { CheckRecord, ValueRecord } from '../../src/mirrors/state/records.ts';
import { ReplicaFeed } from '../../src/nearest/replica-feed.ts';
import type {
  ClientKeyValue,
  ReplicaReads,
  StateClient,
  WatchBatch,
  WatchEvent,
} from '../../src/ports/state-client.ts';
import { MemoryCluster } from './memory-cluster.ts';
import { settle, TestClock } from './test-clock.ts';

function row(key: string, record: object, at: number): ClientKeyValue {
  const value = Buffer.from(JSON.stringify(record));
  const modRevision = revision(at);
  return {
    key: Buffer.from(`mirrors/live/${key}`),
    value,
    createRevision: modRevision,
    modRevision,
    version: 1,
    lease: '0',
  } as unknown as ClientKeyValue;
}

const put = (key: string, record: object, at: number): WatchEvent => ({
  type: 'put',
  keyValue: row(key, record, at),
});

const check = (fence: number): CheckRecord =>
  ({
    fence,
    by: 'p',
    checkedAtMs: Date.UTC(2026, 0, 5),
    tookMs: 1,
    failure: null,
    gone: false,
    reason: 'stale',
    expectedAtMs: null,
  }) as unknown as CheckRecord;
const value = (digest: string): ValueRecord => ({ digest, format: 'k' }) as unknown as ValueRecord;

/** Batches that a test hands over, one by one; null: the watch breaks. */
class Batches {
  readonly #waiting: (WatchBatch | null)[] = [];
  #wake = (): void => undefined;

  push(batch: { readonly revision: number; readonly events: readonly WatchEvent[] } | null): void {
    this.#waiting.push(batch as WatchBatch | null);
    this.#wake();
  }

  async *read(signal: AbortSignal | undefined): AsyncGenerator<WatchBatch, void, undefined> {
    signal?.addEventListener('abort', () => this.#wake());
    while (signal?.aborted !== true) {
      const next = this.#waiting.shift();
      if (next === null) throw new Error('the stream is lost');
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** A mirror of a cluster of which a test says each batch. */
async function mirrorOf(found: readonly ClientKeyValue[]) {
  const clock = new TestClock();
  const batches = new Batches();
  const client = {
    get: async () => {
      return { revision: 50, values: found, more: false };
    },
    watch: (_: string, { signal }: { signal?: AbortSignal }) => batches.read(signal),
  } as unknown as StateClient;
  const live = new LiveMirror({
    client,
    clock,
    by: 'p',
    silentMs: 1000,
    near: null,
    times: () => ({ freshForMs: 1e6, horizonMs: 0, kept: 'k' }) as never,
    onSource: () => undefined,
    onTrouble: () => undefined,
  });
  await live.start();
  return { clock, batches, live };
}

const known = [row('c/s/a', check(39), 40), row('v/s/a', value('old'), 40)];
const at = (number: number): Revision => revision(number);

test('an event that came before one’s own look is done with it, also when its delta comes later', async (t) => {
  const wanted = { reason: 'invalidated', atMs: 0 };
  const { clock, batches, live } = await mirrorOf([...known, row('w/s/a', wanted, 45)]);
  const entry = live.entry('s/a');
  t.false(entry.freshUntilMonoMs > clock.nowMs());
  live.wrote('s/a', check(59), value('new'), at(60));
  t.true(entry.freshUntilMonoMs > clock.nowMs());
  batches.push({ revision: 55, events: [put('w/s/a', wanted, 55)] });
  await settle();
  t.is(entry.wanted, null);
  // What came while it looked is not forgotten.
  batches.push({ revision: 61, events: [put('w/s/a', wanted, 61)] });
  await settle();
  t.not(entry.wanted, null);
  t.false(entry.freshUntilMonoMs > clock.nowMs());
  await live.stop();
});

test('what a replica’s pages had not any more does not come back by its watch', async (t) => {
  const clock = new TestClock();
  const batches = new Batches();
  const replica = {
    endpoint: 'r',
    get: async () => ({ revision: 110, values: [row('s/other', {}, 90)], more: false, ageMs: 0 }),
    watch: (_: string, { signal }: { signal?: AbortSignal }) =>
      Object.assign(batches.read(signal), { requestProgress: () => undefined }),
  } as unknown as ReplicaReads;
  const word = { endpoint: 'r', revision: at(99), asOfMonoMs: 0 };
  const feed = new ReplicaFeed({
    replica,
    prefix: 'mirrors/live/',
    clock,
    word,
    seen: at(99),
    lagMs: 5000,
    answerMs: 2000,
  });
  batches.push({ revision: 99, events: [] });
  const ending = new AbortController();
  const keys: string[] = [];
  const following = (async () => {
    for await (const part of feed.follow(ending.signal)) {
      const rows = part.kind === 'all' ? part.found : part.batch.events.map(({ keyValue }) => keyValue);
      keys.push(...rows.map((each) => `${Buffer.from(each.key)}@${each.modRevision}`));
    }
  })();
  await settle();
  batches.push({ revision: 105, events: [put('s/x', {}, 103)] });
  batches.push({ revision: 110, events: [{ type: 'delete', keyValue: row('s/x', {}, 110) }] });
  batches.push({ revision: 111, events: [put('s/x', {}, 111)] });
  await settle();
  ending.abort();
  await following;
  t.deepEqual(keys, ['mirrors/live/s/other@90', 'mirrors/live/s/x@111']);
});

test('a look that is under way while its source is removed leaves nothing behind', async (t) => {
  const cluster = new MemoryCluster(new TestClock());
  const inner = cluster.client();
  await inner.put('mirrors/live/s/src', '{}');
  for (const letter of ['v', 'c', 'l']) await inner.put(`mirrors/live/${letter}/src/k`, '{"fence":1}');
  const rowOf = async (key: string) => (await inner.get(`mirrors/live/${key}`)).values[0];
  const claim = {
    kind: 'claimed' as const,
    fence: (await rowOf('l/src/k'))?.createRevision ?? at(0),
    checkRevision: (await rowOf('c/src/k'))?.modRevision ?? at(0),
    value: null,
    check: null,
    history: null,
    wantedRevision: 0 as const,
  };
  const verdict = { check: check(claim.fence), value: value('x'), history: undefined } as never;
  const write = (): Promise<unknown> =>
    complete(inner, { source: 'src', key: 'k' } as never, claim, () => verdict, null);
  const client = new Proxy(inner, {
    get: (target, name: keyof StateClient) =>
      name === 'delete'
        ? async (...[key, options]: Parameters<StateClient['delete']>) => {
            const answer = await target.delete(key, options);
            if (String(key) === 'mirrors/live/v/src/') await write();
            return answer;
          }
        : (target[name] as (...all: unknown[]) => unknown).bind(target),
  });
  t.true(await removeSource(client, 'src'));
  t.deepEqual((await inner.get('mirrors/live/', { prefix: true })).values, []);
  cluster.close();
});

function lookerOf(clock: TestClock, origin: (source: string) => Promise<Origin>): Looker {
  const live = { entries: new Map(), budgets: {}, contact: {} };
  const ports = { client: {}, clock, live, lease: {}, forecasts: {}, origin, by: 'p', claimMs: 1 };
  return new Looker({ ...ports, onLook: () => undefined } as unknown as LookerPorts);
}

test('a source that is gone is said to be so, and not to be slow afterwards', async (t) => {
  const clock = new TestClock();
  const book = new SourceBook({} as never);
  const looker = lookerOf(clock, (source) => book.origin(source));
  t.is((await looker.origins.unableTo('gone', 200))?.code, 'source-unknown');
  await clock.advance(300);
  t.is((await looker.origins.unableTo('gone', 200))?.code, 'source-unknown');
});

test('who waits for less than a source’s time-out does not disable it for others', async (t) => {
  const clock = new TestClock();
  const opened = new Promise<Origin>((resolve) => clock.after(100, () => resolve({} as Origin)));
  const looker = lookerOf(clock, () => opened);
  const short = looker.origins.unableTo('s', 10_000, 50);
  await clock.advance(60);
  t.is((await short)?.code, 'origin-slow');
  await clock.advance(100);
  t.is(await looker.origins.unableTo('s', 10_000), null);
});
