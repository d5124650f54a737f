import test from 'ava';
import type { ByteString } from '../../src/foundation/bytes.ts';
import { nodeId, noLease } from '../../src/foundation/ids.ts';
import { limits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { StateDelta } from '../../src/ports/delta.ts';
import type { StreamPart } from '../../src/ports/replication.ts';
import { rankSources, type SourceOffer } from '../../src/replication/choose-source.ts';
import { warmRanges } from '../../src/replication/critical-ranges.ts';
import { covers, RangeIndex } from '../../src/replication/range-index.ts';
import { RangeSum } from '../../src/replication/range-sum.ts';
import { DigestBook } from '../../src/replication/source/digest-book.ts';
import { RecentDeltas } from '../../src/replication/source/recent-deltas.ts';
import { put } from '../state/commands.ts';
import { randomChange } from './random-change.ts';
import { policy, WarmWorld, warmId, whole } from './warm-world.ts';

function offer(id: string, leads: boolean, roundTripMs: number | null, followers: number): SourceOffer {
  return { source: { id: nodeId(id) } as SourceOffer['source'], leads, roundTripMs, followers };
}

test('whom to follow: who has not failed, followers, the near, the idle', (t) => {
  const order = (offers: readonly SourceOffer[], failed: readonly string[] = []): string =>
    rankSources(offers, new Set(failed.map(nodeId)))
      .map(({ source }) => source.id)
      .join('');
  t.is(order([offer('a', true, 0.1, 0), offer('b', false, 30, 5)]), 'ba');
  t.is(order([offer('a', false, 30, 0), offer('b', false, 3, 5)]), 'ba');
  t.is(order([offer('a', false, 1, 3), offer('b', false, 0.4, 5), offer('c', false, 0.7, 1)]), 'cab');
  t.is(order([offer('a', false, null, 0), offer('b', false, 500, 9)]), 'ba');
  t.is(order([offer('b', false, 1, 0), offer('a', false, 1, 0)]), 'ab');
  t.is(order([offer('a', true, 1, 0), offer('b', false, 1, 0)], ['b']), 'ab');
  t.is(order([]), '');
});

test('ranges: which one holds a key, or all of another range', (t) => {
  const range = (key: string, rangeEnd: string) => ({
    space: 'user' as const,
    key: key as ByteString,
    rangeEnd: rangeEnd as ByteString,
  });
  const index = new RangeIndex([
    { range: range('a', 'b') },
    { range: range('d', 'f') },
    { range: range('x', '\0') },
  ]);
  const found = (key: string): string | undefined => index.find('user', key as never)?.range.key;
  t.deepEqual(['', 'a', 'az', 'b', 'd', 'f', 'x', 'zz'].map(found), [
    undefined,
    'a',
    'a',
    undefined,
    'd',
    undefined,
    'x',
    'x',
  ] as never);
  t.is(index.find('planes', 'a' as never), undefined);
  t.true(covers(range('a', 'b'), range('a', 'b')));
  t.true(covers(range('a', 'b'), range('a', '')));
  t.false(covers(range('a', 'b'), range('b', '')));
  t.false(covers(range('a', 'b'), range('a', '\0')));
  t.false(covers(range('a', 'b'), range('a', 'ba')));
  t.true(covers(range('\0', '\0'), range('a', '\0')));
});

test('recent changes are kept within bounds, and who is too far behind is told so', (t) => {
  const recent = new RecentDeltas(2000);
  const delta = { ...({} as StateDelta), key: 'k' as never, value: 'v'.repeat(200) as never, lease: noLease };
  for (let i = 0; i < 100; i++) {
    recent.add({ deltas: [delta], leases: new Map() });
    t.true(recent.bytes <= 2000);
  }
  t.is(recent.next, 100);
  t.is(recent.since(0), null);
  t.is(recent.since(98)?.length, 2);
  t.is(recent.since(100)?.length, 0);
  recent.clear();
  t.is(recent.next, 100);
  t.is(recent.since(99), null);
  recent.add({ deltas: Array.from({ length: 50 }, () => delta), leases: new Map() });
  t.is(recent.bytes, 0);
  t.is(recent.since(100), null);
});

test('digests kept up from what deltas replaced are those of the content, scanned at any time', async (t) => {
  for (const seed of [1, 2, 3]) {
    const world = new WarmWorld();
    const random = seededRandom(seed);
    const book = new DigestBook(world.state, 1024);
    world.feed.listen({
      applied: (deltas) => {
        book.applied(deltas);
        book.setRanges(warmRanges(world.state.policies()));
      },
      membersChanged: () => {},
      ended: () => {},
    });
    world.apply(policy('a/', 'critical'));
    for (let i = 0; i < 2500; i++) world.apply(put(`a/${i}`, `${i}`));
    for (let i = 0; i < 300; i++) {
      world.apply(randomChange((n) => random.below(n)));
      if (random.below(4) === 0) book.scan();
    }
    while (book.scan());
    const ranges = warmRanges(world.state.policies());
    const digests = book.digests(ranges);
    t.is(digests.length, ranges.length);
    for (const digest of digests) {
      const sum = new RangeSum();
      const found = world.state.range(whole(digest.range));
      if (found.kind === 'range') for (const value of found.values) sum.add(value);
      t.deepEqual(digest, sum.of(digest.range));
    }
  }
});

test('a follower that takes nothing costs no more memory than the rest; it goes on from history', async (t) => {
  const world = new WarmWorld();
  world.apply(policy('a/', 'critical'));
  const source = world.source();
  const gone = new AbortController();
  const parts = source
    .follow({ replica: warmId, mode: 'deltas', held: null }, gone.signal)
    [Symbol.asyncIterator]();
  const next = async (): Promise<StreamPart | null> => {
    const taken = await world.until(parts.next());
    return taken.done === true ? null : taken.value;
  };
  for (let part = await next(); part?.kind !== 'mark'; part = await next());
  const value = 'v'.repeat(100_000);
  const count = Math.ceil((3 * limits.replicaQueueBytes) / 100_000);
  for (let i = 0; i < count; i++) world.apply(put(`a/${i}`, value), put('q', 'x'));
  const keys = new Set<string>();
  let told = 0;
  for (;;) {
    const part = await next();
    if (part === null) break;
    if (part.kind === 'deltas')
      for (const { key } of part.deltas) {
        keys.add(key);
        told += 1;
      }
    if (part.kind === 'mark' && part.revisions.user === world.state.revision('user')) break;
  }
  t.is(keys.size, count);
  t.is(told, count);
  t.is(source.followers, 1);
  gone.abort();
  t.is(await next(), null);
  t.is(source.followers, 0);
});
