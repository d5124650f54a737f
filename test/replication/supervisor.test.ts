import test from 'ava';
import { TanistError } from '../../src/foundation/errors.ts';
import { type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import { type Random, randomName, seededRandom } from '../../src/foundation/random.ts';
import type { ForcedPolicy } from '../../src/ports/lineage.ts';
import { silentLog } from '../../src/ports/node-log.ts';
import type { Held } from '../../src/ports/replication.ts';
import type { MemberLineage } from '../../src/protocol/operations/promotion.ts';
import type { RunFence } from '../../src/replication/forced/forced-policy.ts';
import type { IncomingImage, PinnedValues } from '../../src/replication/promotion/image-source.ts';
import { readRole } from '../../src/replication/promotion/role.ts';
import type { BeyondRuntime, HotRuntime, OtherMembers } from '../../src/replication/promotion/runtimes.ts';
import { Supervisor } from '../../src/replication/promotion/supervisor.ts';
import { Life } from '../../src/simulator/world/life.ts';
import { nodeClock } from '../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../src/simulator/world/scheduler.ts';
import { openLog } from '../../src/storage/log/open-log.ts';
import { MemoryFolder } from './memory-folder.ts';
import { facts, heldOf, members, old, someState, storeOf } from './states.ts';

const self = nodeId('w1');

/** A warm replica under a supervisor. No runtime is real; time, folder and transitions are. */
class World {
  readonly scheduler = new Scheduler();
  readonly folder: MemoryFolder;
  readonly started: string[] = [];
  wanted = false;
  /** It votes, by the facts. */
  counted = false;
  /** The replica holds something, and knows its lineage. */
  knows = true;
  /** A hot runtime has heard no leader for so long. */
  silentMs = 0;
  /** A hot runtime hears a leader. */
  isLed = true;
  /** What runs is of it. */
  lineage = old;
  failure: Error | null = null;
  ask: OtherMembers['ask'] = async () => null;
  /** Members that it does not hear of, where it leads. */
  readonly unheard = new Set<NodeId>();
  readonly presentedTo: NodeId[] = [];
  readonly sources: NodeId[][] = [];
  image: (from: NodeId, signal: AbortSignal) => Promise<IncomingImage> = () =>
    Promise.reject(new Error('nobody has one'));
  /** With what is held, of each image asked for. */
  readonly asked: (Held | null)[] = [];
  pinned: PinnedValues | null = null;
  readonly supervisor: Supervisor;
  readonly #content = heldOf(someState().state);

  constructor(
    folder = new MemoryFolder(),
    tier: 'hot' | 'warm' = 'warm',
    random = seededRandom(2),
    forced: { readonly policy: ForcedPolicy; readonly run: RunFence } | null = null,
  ) {
    this.folder = folder;
    const life = new Life('w1', this.scheduler, (error) => {
      throw error;
    });
    this.supervisor = new Supervisor({
      place: { folder: this.folder, path: 'f', self },
      tier,
      seeds: members,
      limits,
      clock: nodeClock(this.scheduler, life, { originMs: 0, drift: 0, wallOffsetMs: 1e12 }, seededRandom(1)),
      random,
      nodeLog: silentLog,
      others: {
        ask: (member, deadlineMs) => this.ask(member, deadlineMs),
        present: async (member) => {
          this.presentedTo.push(member.id);
          return null;
        },
        image: (member, _, held, signal) => {
          this.asked.push(held);
          return this.image(member.id, signal);
        },
      },
      forced,
      starts: {
        hot: async () => {
          this.started.push('hot');
          return this.#hot();
        },
        beyond: async (tier, lineage) => {
          this.started.push(tier);
          this.lineage = lineage ?? old;
          return this.#beyond();
        },
        discardBeyond: async (tier) => void this.started.push(`without ${tier}`),
      },
    });
    void this.supervisor.failed.then((error) => {
      this.failure = error;
    });
  }

  /** Simulated time passes. */
  run(ms: number, done: () => boolean = () => false): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + ms, () => {}, done);
  }

  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const over = (): void => {
      settled = true;
    };
    promise.then(over, over);
    await this.run(60_000, () => settled);
    return promise;
  }

  said(tier: 'hot' | 'warm', id = self): MemberLineage {
    return {
      id,
      lineage: this.lineage,
      tier,
      leader: tier === 'hot' && this.isLed ? id : null,
      voters: this.isLed ? [] : ['h1', 'h2', self].map(nodeId),
      applied: 10,
      revision: 9,
      members: members.map((facts) => ({
        ...facts,
        ...(facts.id === self && this.counted ? { tier: 'hot' } : {}),
        ...(facts.id === self && this.wanted ? { wanted: 'hot' as const } : {}),
        voter: facts.tier === 'hot' || (facts.id === self && this.counted),
        learner: false,
      })),
      forks: [],
    };
  }

  #beyond(): BeyondRuntime {
    return {
      kind: 'beyond',
      said: () => (this.knows ? this.said('warm') : { ...this.said('warm'), ...nothing }),
      sources: (found) => void this.sources.push(found.map(({ id }) => id)),
      isWhole: () => true,
      pin: async () => this.pinned,
      pause: async () => this.#content,
      resume: () => {},
      stop: async () => {},
    };
  }

  #hot(): HotRuntime {
    return {
      kind: 'hot',
      said: () => this.said('hot'),
      isMember: () => true,
      lastIndex: () => 10,
      silentMs: () => this.silentMs,
      hears: (id) => !this.unheard.has(id),
      image: () => Promise.reject(new Error('not asked for')),
      stop: async () => {},
    };
  }
}

const nothing = { lineage: { clusterId: '', epoch: 0 }, applied: 0, members: [] };

const isRuntime = (started: string): boolean => !started.startsWith('without');

test('what was promoted by force is what runs, whatever else was wished for meanwhile', async (t) => {
  for (let at = 0; at < 300; at += 10) {
    const world = new World();
    world.wanted = true;
    await world.until(world.supervisor.start());
    await world.run(500 + at);
    const report = await world.until(world.supervisor.force(true));
    // From here on answers are slow.
    world.ask = () => new Promise((resolve) => world.scheduler.after(900, () => resolve(null)));
    await world.run(3000);
    t.deepEqual(world.started.filter(isRuntime), ['warm', 'hot'], `${at}`);
    const role = await world.until(readRole(world.folder));
    t.deepEqual(role, { tier: 'hot', lineage: report.fork.to });
    t.is(world.failure, null);
    await world.until(world.supervisor.stop());
  }
});

test('by policy it goes on only when the quorum is gone for so long, a witness says so, and every old hot member is fenced', async (t) => {
  const fenced: (readonly [at: number, id: string])[] = [];
  const policy = { fence: ['fence'], afterMs: 5000, alone: false };
  let failing: string | null = 'h2';
  const world: World = new World(new MemoryFolder(), 'warm', seededRandom(2), {
    policy,
    run: async (_, { id }) => {
      await new Promise<void>((resolve) => world.scheduler.after(300, resolve));
      if (id === failing) return 'no answer';
      fenced.push([world.scheduler.nowMs, id]);
      return null;
    },
  });
  const isHot = (): boolean => world.started.includes('hot');
  let alive = true;
  let witness: 'seen' | 'gone' = 'seen';
  world.ask = async ({ id, tier }) => {
    if (tier === 'hot') return alive ? world.said('hot', id) : null;
    return id === 'k1' ? { ...world.said('warm', id), tier: 'cold', quorum: witness } : null;
  };
  await world.until(world.supervisor.start());
  await world.run(20_000);
  alive = false;
  await world.run(20_000);
  t.deepEqual(fenced, [], 'the witness still sees the quorum');
  witness = 'gone';
  const goneMs = world.scheduler.nowMs;
  await world.run(30_000);
  t.false(isHot(), 'one of them may still run');
  t.true(fenced.length >= 4 && fenced.every(([, id]) => id !== 'h2'));
  t.true((fenced[0]?.[0] ?? 0) >= goneMs + policy.afterMs);
  const before = fenced.length;
  failing = null;
  await world.run(70_000, isHot);
  t.true(isHot());
  t.deepEqual(
    fenced
      .slice(before)
      .map(([, id]) => id)
      .sort(),
    ['h1', 'h2', 'h3'],
  );
  await world.run(1000);
  t.is((await world.until(readRole(world.folder)))?.lineage?.epoch, 2);
  t.is(world.failure, null);
  await world.until(world.supervisor.stop());
});

test('a hot member is not promoted by force: with a leader there is nothing to do, without one it says how to go on', async (t) => {
  const folder = new MemoryFolder();
  const log = someState();
  await storeOf(folder.disk, 'w1', log, log.state);
  const world = new World(folder, 'hot');
  await world.until(world.supervisor.start());
  for (const confirmed of [false, true]) {
    world.isLed = true;
    const led = await t.throwsAsync<TanistError>(world.until(world.supervisor.force(confirmed)));
    t.is(led.code, 'already-in-tier');
    t.notRegex(led.message, /backup/);
    world.isLed = false;
    const alone = await t.throwsAsync<TanistError>(world.until(world.supervisor.force(confirmed)));
    t.is(alone.code, 'already-in-tier');
    t.regex(
      alone.message,
      /hears no leader.*majority of h1, h2, w1.*tanist backup FILE --endpoints w1:2.*tanist restore FILE/,
    );
  }
  t.deepEqual(world.started.filter(isRuntime), ['hot']);
  await world.until(world.supervisor.stop());
});

test('a source that freezes in the middle of its image, or before, is left for the next one', async (t) => {
  for (const begins of [true, false]) {
    const world = new World();
    const asked: NodeId[] = [];
    const ended: NodeId[] = [];
    world.ask = async ({ id, tier }) => (tier === 'hot' ? world.said('hot', id) : null);
    world.image = async (from, signal) => {
      asked.push(from);
      signal.addEventListener('abort', () => ended.push(from));
      const never = new Promise<never>(() => {});
      return begins
        ? {
            from,
            lineage: old,
            sizeBytes: 1,
            chunks: { [Symbol.asyncIterator]: () => ({ next: () => never }) },
          }
        : never;
    };
    world.wanted = true;
    await world.until(world.supervisor.start());
    await world.run(75_000);
    t.deepEqual([...new Set(asked)], ['h1', 'h2', 'h3'].map(nodeId));
    t.deepEqual(ended.slice(0, 3), asked.slice(0, 3));
    // And it can still be promoted by force once the others are gone.
    world.ask = async () => null;
    await world.until(world.supervisor.force(true));
    await world.run(1000);
    t.deepEqual(world.started.filter(isRuntime), ['warm', 'hot']);
    await world.until(world.supervisor.stop());
  }
});

test('after what it holds came out wrong it asks for the whole, until it has it', async (t) => {
  const world = new World();
  world.ask = async ({ id, tier }) => (tier === 'hot' ? world.said('hot', id) : null);
  const { held } = heldOf(someState().state);
  let released = 0;
  world.pinned = { held, find: () => null, release: () => void released++ };
  world.image = async (from) => {
    if (world.asked.length > 1) throw new TanistError('overloaded', 'not yet');
    const altered = (async function* () {
      yield new Uint8Array(20);
    })();
    return { from, lineage: old, sizeBytes: 1, chunks: altered };
  };
  world.wanted = true;
  await world.until(world.supervisor.start());
  await world.run(10_000);
  t.true(world.asked.length > 4);
  t.deepEqual(
    world.asked.map((asked) => asked !== null),
    world.asked.map((_, i) => i === 0),
  );
  t.is(released, 1);
  await world.until(world.supervisor.stop());
});

test('a hot member that is fenced begins without what is left of its time as a replica', async (t) => {
  const folder = new MemoryFolder();
  const log = someState();
  await storeOf(folder.disk, 'w1', log, log.state);
  const world = new World(folder, 'hot');
  await world.until(world.supervisor.start());
  const to = { clusterId: 'c+1', epoch: 2 };
  const { held } = heldOf(log.state);
  const { revisions, ranges } = held;
  const fork = { from: old, to, revisions, ranges, promoted: nodeId('k1'), timeMs: 0 };
  await world.until(
    world.supervisor.presented({ ...world.said('hot', nodeId('k1')), lineage: to, forks: [fork] }),
  );
  await world.run(200);
  t.is(world.failure, null);
  t.deepEqual(world.started.slice(0, 3), ['hot', 'without warm', 'warm']);
  t.true(folder.files.has('fork-2.tanistfork'));
  t.deepEqual(await world.until(readRole(folder)), { tier: 'warm', lineage: to });
  await world.until(world.supervisor.stop());
});

/** A hot member asks around; it is fenced while the answers are under way, and they tell of the same fork. */
async function fencedWhileAsking(): Promise<{ readonly same: boolean; readonly started: readonly string[] }> {
  const folder = new MemoryFolder();
  const log = someState();
  await storeOf(folder.disk, 'w1', log, log.state);
  const world = new World(folder, 'hot');
  const to = { clusterId: 'c+1', epoch: 2 };
  const { revisions, ranges } = heldOf(log.state).held;
  const fork = { from: old, to, revisions, ranges, promoted: nodeId('k1'), timeMs: 0 };
  const by = { ...world.said('hot', nodeId('k1')), lineage: to, forks: [fork] };
  world.silentMs = 5000;
  let asked = false;
  world.ask = ({ id }) => {
    asked = true;
    return new Promise((resolve) => world.scheduler.after(900, () => resolve(id === by.id ? by : null)));
  };
  await world.until(world.supervisor.start());
  await world.run(5000, () => asked);
  await world.until(world.supervisor.presented(by));
  await world.run(500, () => world.started.includes('warm'));
  const saved = folder.files.get('fork-2.tanistfork');
  await world.run(3000);
  await world.until(world.supervisor.stop());
  return {
    same: saved !== undefined && folder.files.get('fork-2.tanistfork') === saved,
    started: world.started,
  };
}

test.serial('what was saved at a fork stays, whatever a member hears late of the same fork', async (t) => {
  t.teardown(() => activateMutant(null));
  const { same, started } = await fencedWhileAsking();
  t.deepEqual(started.filter(isRuntime), ['hot', 'warm']);
  t.true(same);
  activateMutant('fenced-by-what-it-was');
  t.false((await fencedWhileAsking()).same);
});

test('a replica that is to become hot, and cannot, still hears that its lineage has ended', async (t) => {
  const world = new World();
  world.wanted = true;
  const to = { clusterId: 'c+1', epoch: 2 };
  const { revisions, ranges } = heldOf(someState().state).held;
  const fork = { from: old, to, revisions, ranges, promoted: nodeId('k1'), timeMs: 0 };
  world.ask = async ({ id }) =>
    id === nodeId('k1') ? { ...world.said('hot', id), lineage: to, forks: [fork] } : null;
  await world.until(world.supervisor.start());
  await world.run(5000, () => world.folder.files.size > 0);
  t.true(world.folder.files.has('fork-2.tanistfork'));
  t.deepEqual(await world.until(readRole(world.folder)), { tier: 'warm', lineage: to });
  await world.until(world.supervisor.stop());
});

test('an image that cannot be taken is asked for less and less often', async (t) => {
  const world = new World();
  world.ask = async ({ id, tier }) => (id === nodeId('h1') && tier === 'hot' ? world.said('hot', id) : null);
  let asked = 0;
  world.image = async (from) => {
    asked += 1;
    // Then its own disk is full.
    return {
      from,
      lineage: old,
      sizeBytes: 1,
      chunks: (async function* () {
        yield await Promise.reject(new TanistError('disk-full', 'no room'));
      })(),
    };
  };
  world.wanted = true;
  await world.until(world.supervisor.start());
  await world.run(60_000);
  t.true(asked >= 6 && asked <= 15, `${asked}`);
  t.deepEqual(world.started.filter(isRuntime), ['warm']);
  await world.until(world.supervisor.stop());
});

test('every store that is begun has a name of its own: peers would take a second one of that name for an old disk', async (t) => {
  const names: string[] = [];
  const random = seededRandom(2);
  const fork = (label: string): Random => {
    const drawn = random.fork(label);
    names.push(randomName(drawn));
    return random.fork(label);
  };
  const world = new World(new MemoryFolder(), 'warm', { ...random, fork });
  world.ask = async ({ id }) => (id === nodeId('h1') ? world.said('hot', id) : null);
  world.wanted = true;
  await world.until(world.supervisor.start());
  await world.run(10_000);
  t.true(names.length > 3);
  t.is(new Set(names).size, names.length);
  await world.until(world.supervisor.stop());
});

test('who is hot by the facts and has lost its disk begins with a store that doubts itself, and runs as hot', async (t) => {
  const world = new World();
  world.knows = false;
  world.ask = async ({ id }) => (id === nodeId('h1') ? world.said('hot', id) : null);
  world.counted = true;
  await world.until(world.supervisor.start());
  await world.run(3000, () => world.started.includes('hot'));
  await world.until(world.supervisor.stop());
  t.deepEqual(await world.until(readRole(world.folder)), { tier: 'hot', lineage: old });
  const store = { clusterId: 'c', nodeId: self, newStoreId: 'another', incarnation: 'i', folder: 'f' };
  const log = await world.until(openLog(world.folder.disk, store));
  t.regex(log.identity.doubt ?? '', /disk was found empty/);
  t.is<number, number>(log.identity.bootCounter, 2);
});

test('where none of those is hot whom it knows, it asks whom they name: its config may be old', async (t) => {
  const world = new World();
  const asked = new Set<string>();
  const named = { ...members[0]!, id: nodeId('h9'), client: 'h9:2', voter: true, learner: false };
  world.ask = async ({ id }) => {
    asked.add(id);
    if (id === nodeId('h9')) return world.said('hot', id);
    return id === nodeId('k1') ? { ...world.said('warm', id), members: [named] } : null;
  };
  await world.until(world.supervisor.start());
  await world.run(3000, () => asked.has('h9'));
  t.true(asked.has('h9'));
  await world.until(world.supervisor.stop());
});

test('a replica asks whom a leader of its lineage names, where all that it knew are gone', async (t) => {
  for (const knows of [true, false]) {
    const world = new World();
    world.knows = knows;
    const fresh = nodeId('h9');
    const newest = (): MemberLineage => {
      const said = world.said('hot', fresh);
      const own = said.members.filter(({ id }) => id === self);
      const leader = { ...facts(fresh, 'hot'), voter: true, learner: false };
      return { ...said, applied: 50, members: [...own, leader] };
    };
    world.ask = async ({ id }) => (id === fresh ? newest() : null);
    await world.until(world.supervisor.start());
    await world.run(10_000);
    t.deepEqual(world.sources, []);
    // Of another cluster, of another lineage, and of a cluster that does not know it.
    await world.until(world.supervisor.presented({ ...newest(), members: [] }));
    if (knows)
      await world.until(
        world.supervisor.presented({ ...newest(), lineage: { clusterId: 'other', epoch: 0 } }),
      );
    await world.run(10_000);
    t.deepEqual(world.sources, []);
    await world.until(world.supervisor.presented(newest()));
    await world.run(1000);
    t.deepEqual(world.sources[0], [self, fresh]);
    await world.until(world.supervisor.stop());
  }
});

/** To whom a leader presents itself while it hears of all, and then while it hears nothing of `lost`. */
async function presentations(
  lost: NodeId,
): Promise<{ readonly calm: number; readonly to: readonly NodeId[] }> {
  const folder = new MemoryFolder();
  const log = someState();
  await storeOf(folder.disk, 'w1', log, log.state);
  const world = new World(folder, 'hot');
  await world.until(world.supervisor.start());
  await world.run(5000);
  const calm = world.presentedTo.length;
  world.unheard.add(lost);
  await world.run(5000);
  await world.until(world.supervisor.stop());
  return { calm, to: world.presentedTo };
}

test.serial(
  'a leader presents itself to the members that it does not hear of, and to no other',
  async (t) => {
    t.teardown(() => activateMutant(null));
    const lost = members.find(({ id }) => id !== self)?.id ?? self;
    const { calm, to } = await presentations(lost);
    t.is(calm, 0);
    t.true(to.length >= 2);
    t.deepEqual(new Set(to), new Set([lost]));
    activateMutant('introduction-forgotten');
    t.deepEqual((await presentations(lost)).to, []);
  },
);
