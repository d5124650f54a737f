import test from 'ava';
import { nodeId } from '../../src/foundation/ids.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { ReplicaSource } from '../../src/ports/replication.ts';
import { betterSource, type SourceOffer } from '../../src/replication/choose-source.ts';
import { defaultMoveTiming, SourceMoves } from '../../src/replication/warm/source-moves.ts';
import type { WarmReplica } from '../../src/replication/warm/warm-replica.ts';
import { del, put, range } from '../state/commands.ts';
import { MemoryDisk } from '../storage/memory-disk.ts';
import { policy, through, WarmWorld } from './warm-world.ts';

const minuteMs = 60_000;

/** Sources of one state, of which a test says who leads and how far each is. */
class Sources {
  readonly world = new WarmWorld();
  leader = 'h';
  /** Whether the directory knows of the leader without asking. */
  isTold = false;
  refusing: string | null = null;
  /** Streams begun, in order. */
  readonly followed: string[] = [];
  /** Revisions of `user` as they came, of all streams. */
  readonly told: number[] = [];
  /** Ranges that were told from the beginning. */
  replaced = 0;
  asked = 0;
  roundTripMs: (id: string) => number | null = () => 1;
  readonly #sources: readonly ReplicaSource[];

  constructor(ids: readonly string[]) {
    this.world.apply(policy('a/', 'critical'), put('a/1', 'one'));
    this.#sources = ids.map((id) =>
      through(
        this.world.source(),
        (part) => {
          if (id === this.refusing) throw new Error('refused');
          if (part.kind === 'ranges') this.followed.push(id);
          if (part.kind === 'deltas')
            for (const { space, revision } of part.deltas) if (space === 'user') this.told.push(revision);
          if (part.kind === 'replace') this.replaced += 1;
          return part;
        },
        id,
      ),
    );
  }

  async warm(): Promise<WarmReplica> {
    const offers = (): readonly SourceOffer[] => {
      this.asked += 1;
      return this.#sources.map((source) => ({
        source,
        leads: source.id === this.leader,
        followers: 0,
        roundTripMs: this.roundTripMs(source.id),
      }));
    };
    const told = (): string | null => (this.isTold ? this.leader : null);
    const directory = {
      offers: async () => offers(),
      get leader() {
        const leader = told();
        return leader === null ? null : nodeId(leader);
      },
      close: () => {},
    };
    const warm = await this.world.warm([], new MemoryDisk(), { directory });
    await this.world.caughtUp(warm);
    return warm;
  }
}

test('a source that has become leader is left for a follower, once', async (t) => {
  for (const isTold of [false, true]) {
    const sources = new Sources(['f', 'g', 'h']);
    const { world } = sources;
    sources.isTold = isTold;
    const warm = await sources.warm();
    t.is(warm.status().source, nodeId('f'));
    await world.run(5 * minuteMs);
    t.deepEqual(sources.followed, ['f']);
    sources.leader = 'f';
    await world.run(isTold ? 4000 : 40_000);
    t.deepEqual(sources.followed, ['f', 'g']);
    await world.run(10 * minuteMs);
    t.deepEqual(sources.followed, ['f', 'g']);
    t.is(warm.status().sourceChanges, 2);
    t.is(warm.status().trouble, null);
    t.true(sources.asked < 120, `${sources.asked}`);
    await world.until(warm.stop());
  }
});

test('who leads for a moment only is not left', async (t) => {
  const sources = new Sources(['f', 'g', 'h']);
  const { world } = sources;
  sources.isTold = true;
  const warm = await sources.warm();
  for (let i = 0; i < 20; i++) {
    sources.leader = 'f';
    await world.run(1000);
    sources.leader = 'h';
    await world.run(minuteMs);
  }
  t.deepEqual(sources.followed, ['f']);
  await world.until(warm.stop());
});

test('while it moves nothing is lost, nothing comes twice, and what is held is read', async (t) => {
  const sources = new Sources(['f', 'g', 'h']);
  const { world } = sources;
  sources.isTold = true;
  const warm = await sources.warm();
  const random = seededRandom('moves');
  const { replaced } = sources;
  for (let i = 0; i < 3000; i++) {
    if (i % 500 === 250) sources.leader = sources.followed.at(-1) ?? '';
    const key = `a/${2 + random.below(20)}`;
    world.apply(random.below(4) === 0 ? del(key) : put(key, `${i}`), put('a/1', `${i}`));
    await world.run(random.below(30));
    const answer = warm.read(range('a/1'));
    t.like(answer, { kind: 'range', count: 1 }, `step ${i}`);
    t.true(warm.ageMs < 500, `${warm.ageMs}`);
  }
  t.is(sources.followed.length, 7, sources.followed.join());
  await world.caughtUp(warm);
  t.deepEqual(await world.differences(warm), []);
  t.deepEqual(
    sources.told,
    [...new Set(sources.told)].sort((a, b) => a - b),
  );
  t.true(sources.told.length > 3000);
  t.is(sources.replaced, replaced);
  t.is(warm.status().quarantined, 0);
  await world.until(warm.stop());
});

test('a source as good as others is never left', async (t) => {
  const sources = new Sources(['f', 'g', 'h']);
  const warm = await sources.warm();
  await sources.world.run(30 * minuteMs);
  t.deepEqual(sources.followed, ['f']);
  await sources.world.until(warm.stop());
});

test('one that is clearly nearer for a while is moved to, once; noise moves nothing', async (t) => {
  const sources = new Sources(['f', 'g', 'h']);
  const { world } = sources;
  const random = seededRandom('noise');
  sources.roundTripMs = (id) => (id === 'h' ? 0.2 : 4) * (0.5 + 1.5 * random.next());
  const warm = await sources.warm();
  const [first] = sources.followed;
  await world.run(30 * minuteMs);
  t.deepEqual(sources.followed, [first]);
  // An outlier now and then.
  sources.roundTripMs = (id) => (id === first && random.below(3) === 0 ? 200 : 4);
  await world.run(20 * minuteMs);
  const other = first === 'f' ? 'g' : 'f';
  sources.roundTripMs = (id) => (id === other ? 4 : 40) * (0.7 + 0.6 * random.next());
  await world.run(2 * minuteMs);
  t.deepEqual(sources.followed, [first, other]);
  sources.roundTripMs = () => 20 * (0.7 + 0.6 * random.next());
  await world.run(30 * minuteMs);
  t.deepEqual(sources.followed, [first, other]);
  await world.until(warm.stop());
});

test('one that offers and then does not feed is tried ever more rarely', async (t) => {
  const sources = new Sources(['f', 'g']);
  const { world } = sources;
  sources.leader = 'g';
  const warm = await sources.warm();
  sources.leader = 'f';
  sources.refusing = 'g';
  await world.run(40 * minuteMs);
  t.is(warm.status().source, nodeId('f'));
  const begun = sources.followed.length;
  t.true(begun > 2 && begun < 10, `${begun}`);
  t.deepEqual(await world.differences(warm), []);
  await world.until(warm.stop());
});

test('whom to move to: a follower instead of the leader, or who is clearly nearer', (t) => {
  const offer = (id: string, leads: boolean, roundTripMs: number | null): SourceOffer => ({
    source: { id: nodeId(id) } as SourceOffer['source'],
    leads,
    followers: 0,
    roundTripMs,
  });
  const better = (offers: readonly SourceOffer[], failed: readonly string[] = []): string => {
    const found = betterSource(offers, nodeId('a'), new Set(failed.map(nodeId)));
    return found === null ? '' : `${found.why} ${found.offer.source.id}`;
  };
  t.is(better([offer('a', true, 0.1), offer('b', false, 30)]), 'follows b');
  t.is(better([offer('a', true, 0.1), offer('b', false, 30)], ['b']), '');
  t.is(better([offer('a', true, 0.1), offer('b', true, 0.1)]), '');
  t.is(better([offer('a', false, 40), offer('b', true, 0.1)]), '');
  t.is(better([offer('a', false, 40), offer('b', false, 10)]), 'nearer b');
  t.is(better([offer('a', false, 39), offer('b', false, 10)]), '');
  t.is(better([offer('a', false, 3), offer('b', false, 0.1)]), '');
  t.is(better([offer('a', false, null), offer('b', false, 0.1)]), '');
  t.is(better([offer('a', false, 40), offer('b', false, null)]), '');
  t.is(better([offer('b', false, 1)]), '');
});

test('a better source has to be so at every look', (t) => {
  const offers = (isNearer: boolean): readonly SourceOffer[] =>
    ['a', 'b'].map((id) => ({
      source: { id: nodeId(id) } as SourceOffer['source'],
      leads: false,
      followers: 0,
      roundTripMs: id === 'a' && isNearer ? 40 : 5,
    }));
  const moves = new SourceMoves(defaultMoveTiming);
  moves.begun(0);
  const looks: number[] = [];
  let moved: number | null = null;
  for (let nowMs = 0; nowMs <= 300_000 && moved === null; nowMs += 250) {
    if (!moves.isDue(false, nowMs)) continue;
    looks.push(nowMs);
    if (moves.looked(offers(nowMs !== 60_000), nodeId('a'), new Set(), nowMs) !== null) moved = nowMs;
  }
  t.deepEqual(looks, [30_000, 60_000, 90_000, 120_000, 150_000]);
  t.is(moved, 150_000);
});
