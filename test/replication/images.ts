import { type NodeId, nodeId } from '../../src/foundation/ids.ts';
import { defaultRequestLimits as limits } from '../../src/foundation/limits.ts';
import { seededRandom } from '../../src/foundation/random.ts';
import type { OutgoingImage } from '../../src/node/image/image-outlet.ts';
import type { TanistNode } from '../../src/node/node.ts';
import type { KeyValue } from '../../src/ports/delta.ts';
import type { AppliedPoint, ImageStore, IsHeld } from '../../src/ports/image-store.ts';
import type { Held } from '../../src/ports/replication.ts';
import type { MemberLineage } from '../../src/protocol/operations/promotion.ts';
import { type FetchedImage, fetchImage } from '../../src/replication/promotion/fetch-image.ts';
import { imageOf } from '../../src/replication/promotion/hot-runtime.ts';
import type { PinnedValues } from '../../src/replication/promotion/image-source.ts';
import { HeldRange } from '../../src/replication/warm/held-range.ts';
import { PinnedRanges } from '../../src/replication/warm/pinned-ranges.ts';
import { Life } from '../../src/simulator/world/life.ts';
import { nodeClock } from '../../src/simulator/world/node-clock.ts';
import { Scheduler } from '../../src/simulator/world/scheduler.ts';
import { createStateMachine } from '../../src/state/state-machine.ts';
import { openImage } from '../../src/storage/image/image-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { del, put } from '../state/commands.ts';
import { MemoryFolder } from './memory-folder.ts';
import { heldOf, members, old, type Recorded, someState } from './states.ts';

const long = (text: string): string => text.padEnd(100, '.');

/** A hot node's state and image, and what a warm replica held of it some changes ago. */
export class ImageWorld {
  readonly log: Recorded = someState();
  readonly folder = new MemoryFolder();
  readonly told: string[] = [];
  readonly asked: (Held | null)[] = [];
  image!: ImageStore;
  ranges!: readonly HeldRange[];
  pinned!: PinnedValues;

  static async begin(): Promise<ImageWorld> {
    const world = new ImageWorld();
    const { log } = world;
    for (let i = 0; i < 20; i++)
      log.apply(put(`a/long ${i}`, long(`critical ${i}`)), put(`b/${i}`, long('other')));
    for (let i = 0; i < 20; i += 3) log.apply(put(`a/long ${i}`, long(`again ${i}`)));
    const { state } = log;
    const content = heldOf(state);
    world.ranges = await Promise.all(
      content.held.ranges.map(async (range, i) => {
        const one = new HeldRange(range, i, state.revision(range.space));
        for await (const values of content.values(range.space)) for (const value of values) one.put(value);
        return one;
      }),
    );
    world.pinned = new PinnedRanges(content.held, world.ranges);
    // What the replica does not know yet, and learns while the image comes in.
    log.apply(put('a/long 1', long('later')), put('a/new', long('new')));
    log.apply(del('a/long 2'));
    world.image = await openImage(new MemoryFolder().disk, { clusterId: 'c', folder: 'f', chunkBytes: 500 });
    await world.image.load();
    world.image.append(state.takeImageBatch());
    await world.image.flush({ sync: true });
    return world;
  }

  /** It follows on, to what the state is now. */
  async follow(): Promise<void> {
    const content = heldOf(this.log.state);
    for (const range of this.ranges) {
      const now = new Map<string, KeyValue>();
      for await (const values of content.values(range.range.space))
        for (const value of values) now.set(value.key, value);
      for (const key of range.keys(range.range.key, null, 1000)) if (!now.has(key)) range.delete(key);
      for (const value of now.values()) range.put(value);
    }
  }

  fetch(
    pinned: PinnedValues | null,
    change = (chunks: AsyncIterable<Uint8Array>) => chunks,
  ): Promise<FetchedImage> {
    const scheduler = new Scheduler();
    const life = new Life('w1', scheduler, (error) => {
      throw error;
    });
    const said = {
      id: nodeId('h1'),
      tier: 'hot',
      applied: 1e6,
      leader: null,
      members,
    } as unknown as MemberLineage;
    return fetchImage({
      place: { folder: this.folder, path: 'f', self: nodeId('w1') },
      lineage: old,
      held: 1,
      pinned,
      refused: (from) => void this.told.push(from),
      answers: [said],
      others: {
        ask: async () => null,
        present: async () => null,
        image: async (from, _, held) => {
          this.asked.push(held);
          const { chunks, sizeBytes } = await imageOf(this.#node(), held);
          return { from: from.id as NodeId, lineage: old, sizeBytes, chunks: change(chunks) };
        },
      },
      random: seededRandom(1),
      clock: nodeClock(scheduler, life, { originMs: 0, drift: 0, wallOffsetMs: 0 }, seededRandom(1)),
      stillWanted: () => true,
      signal: new AbortController().signal,
    });
  }

  /** What the replica would be as a hot one: null where its store cannot be used. */
  async opened(): Promise<{
    readonly applied: AppliedPoint['point'];
    readonly digests: readonly string[];
  } | null> {
    const disk = this.folder.disk.copy();
    const options = { clusterId: 'c', nodeId: nodeId('w1'), newStoreId: 'n', incarnation: 'i', folder: 'f' };
    const store = await openStore(disk, options);
    const found = createStateMachine({ limits });
    try {
      await found.restore(store.loaded as NonNullable<typeof store.loaded>, async () => {});
      return { applied: found.applied, digests: digestsOf(found) };
    } catch {
      return null;
    } finally {
      await store.log.close();
      await store.image.close();
    }
  }

  #node(): TanistNode {
    const { state } = this.log;
    const image = async (isHeld?: IsHeld): Promise<OutgoingImage> => ({
      ...(await this.image.snapshot(undefined, isHeld)),
      sizeBytes: 1,
    });
    const asked = {
      identity: { clusterId: 'c' },
      state: { epoch: old.epoch, modRevision: state.modRevision.bind(state) },
      image,
    };
    return asked as unknown as TanistNode;
  }
}

export const digestsOf = (state: Recorded['state']): readonly string[] =>
  (['user', 'planes', 'system', 'predicted'] as const).map((space) => state.digest(space));

/** The same, but for one value that is another one of the same length. */
export function spoiled(pinned: PinnedValues): PinnedValues {
  return {
    held: pinned.held,
    find: (space, key, at) => {
      const found = pinned.find(space, key, at);
      return found !== null && key === 'a/long 3' ? (found.replace('again', 'AGAIN') as typeof found) : found;
    },
    release: () => pinned.release(),
  };
}
