import type { NodeId } from '../../foundation/ids.ts';
import { defaultRequestLimits } from '../../foundation/limits.ts';
import type { Random } from '../../foundation/random.ts';
import type { TanistNode } from '../../node/node.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import { contentOfCold } from '../../replication/cold/cold-content.ts';
import { ColdReplica } from '../../replication/cold/cold-replica.ts';
import { openColdStore } from '../../replication/cold/cold-store.ts';
import { saidByCold } from '../../replication/cold/said-by-cold.ts';
import { compareLineage } from '../../replication/lineage.ts';
import type { BeyondRuntime, HotRuntime } from '../../replication/promotion/runtimes.ts';
import { saidByNode } from '../../replication/promotion/said-by-node.ts';
import { Supervisor } from '../../replication/promotion/supervisor.ts';
import { DeltaSource } from '../../replication/source/delta-source.ts';
import { latestParts } from '../../replication/source/latest-parts.ts';
import { saidByWarm } from '../../replication/warm/said-by-warm.ts';
import { contentOfWarm } from '../../replication/warm/warm-content.ts';
import { WarmReplica } from '../../replication/warm/warm-replica.ts';
import type { Life } from '../world/life.ts';
import type { SimDisk } from '../world/sim-disk.ts';
import { simFolder } from '../world/sim-folder.ts';
import { simMembers } from './sim-members.ts';
import { SimSources } from './sim-sources.ts';
import type { ReachedMember, TierWorld } from './tier-world.ts';

export interface MemberParts {
  readonly world: TierWorld;
  readonly id: NodeId;
  readonly tier: Tier;
  readonly life: Life;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeLog: NodeLog;
  readonly disk: SimDisk;
  readonly openHot: () => Promise<TanistNode>;
  /** The hot node stopped; the process goes on. */
  readonly hotStopped: (node: TanistNode) => void;
}

/** What runs beyond the quorum. */
export type Beyond =
  | { readonly tier: 'warm'; readonly replica: WarmReplica }
  | { readonly tier: 'cold'; readonly replica: ColdReplica };

const vitals = (): { readonly memoryUsed: number; readonly diskFree: number } => ({
  memoryUsed: 0,
  diskFree: 1,
});

/** One process of a member: the production supervisor, and what it runs, on simulated ports. */
export class Member implements ReachedMember {
  readonly supervisor: Supervisor;
  readonly #parts: MemberParts;
  #hot: { readonly node: TanistNode; readonly source: DeltaSource } | null = null;
  #beyond: Beyond | null = null;

  constructor(parts: MemberParts) {
    this.#parts = parts;
    const { world, id, tier, life, clock, random, nodeLog, disk } = parts;
    const folder = simFolder(disk, life);
    this.supervisor = new Supervisor({
      place: { folder, path: `/simulated/${id}`, self: id },
      tier,
      seeds: world.seeds,
      limits: defaultRequestLimits,
      clock,
      random: random.fork('supervisor'),
      nodeLog,
      others: simMembers(world, { name: id, life }),
      forced: null,
      starts: {
        hot: () => this.#startHot(),
        beyond: (to, lineage) =>
          to === 'warm' ? this.#startWarm(folder.disk, lineage) : this.#startCold(folder.disk, lineage),
        discardBeyond: (of) => folder.disk.remove(of),
      },
    });
  }

  get id(): NodeId {
    return this.#parts.id;
  }

  get life(): Life {
    return this.#parts.life;
  }

  get beyond(): Beyond | null {
    return this.#beyond;
  }

  /** Null: it feeds nobody, since it is not hot. */
  get source(): DeltaSource | null {
    return this.#hot?.source ?? null;
  }

  get leads(): boolean {
    return this.#hot?.node.raftStatus.role === 'leader';
  }

  async #startHot(): Promise<HotRuntime> {
    const { openHot, hotStopped } = this.#parts;
    const node = await openHot();
    node.onFailure((error) => this.supervisor.runtimeFailed(error));
    const hot = {
      node,
      source: new DeltaSource({
        feed: node.feed,
        latest: latestParts,
        keysPerPiece: this.#parts.world.plan.keysPerPiece,
      }),
    };
    await node.start();
    this.#hot = hot;
    return {
      kind: 'hot',
      said: () => saidByNode(node),
      isMember: () => {
        const { voters, outgoing, learners } = node.raftStatus.configuration;
        return [...voters, ...outgoing, ...learners].includes(node.id);
      },
      lastIndex: () => node.raftStatus.last.index,
      silentMs: () => node.silentMs(),
      image: () => node.image(),
      stop: async (gracefully) => {
        this.#hot = null;
        await node.stop(gracefully);
        hotStopped(node);
      },
    };
  }

  #sources(): SimSources {
    const { world, id, life } = this.#parts;
    return new SimSources(world, { name: id, life }, world.seeds);
  }

  async #startWarm(
    disk: ReturnType<typeof simFolder>['disk'],
    lineage: Lineage | null,
  ): Promise<BeyondRuntime> {
    const { id, clock, nodeLog } = this.#parts;
    const sources = this.#sources();
    const replica: WarmReplica = await WarmReplica.open({
      id,
      clock,
      nodeLog,
      disk,
      directory: sources,
      requestLimits: defaultRequestLimits,
      vitals,
      timing: { scrubEveryMs: 1500 },
      accepts: (found) => accepts(lineage ?? replica.state.meta?.lineage ?? found, found),
      membersChanged: (members) => sources.members(members),
    });
    if (replica.members.length > 0) sources.members(replica.members);
    replica.onFailure((error) => this.supervisor.runtimeFailed(error));
    replica.start();
    this.#beyond = { tier: 'warm', replica };
    return {
      kind: 'beyond',
      said: () => saidByWarm(id, replica, null),
      sources: (members) => sources.members(members),
      isWhole: () => replica.state.held !== null,
      pause: async () => {
        await replica.pause();
        return contentOfWarm(replica.state);
      },
      resume: () => replica.resume(),
      stop: async () => {
        this.#beyond = null;
        await replica.stop();
      },
    };
  }

  async #startCold(
    disk: ReturnType<typeof simFolder>['disk'],
    lineage: Lineage | null,
  ): Promise<BeyondRuntime> {
    const { id, clock, nodeLog, world } = this.#parts;
    const sources = this.#sources();
    const { keepSnapshots, snapshotEveryMs } = world.plan;
    const store = await openColdStore(disk, {
      retention: { keep: keepSnapshots, keepForMs: 0 },
      wallMs: () => clock.wallMs(),
    });
    const replica = new ColdReplica(
      {
        id,
        everyMs: snapshotEveryMs,
        retryMs: 100,
        reportMs: 300,
        scrubEveryMs: 1500,
        scrubBytesPerSecond: 1 << 20,
      },
      {
        clock,
        nodeLog,
        store,
        directory: sources,
        vitals,
        accepts: (found) => accepts(lineage ?? store.newest?.lineage ?? found, found),
        membersChanged: (members) => sources.members(members),
        tidied: () => {},
        broken: (error) => this.supervisor.runtimeFailed(error),
      },
    );
    const known = store.newest?.members ?? [];
    if (known.length > 0) sources.members(known);
    replica.start();
    this.#beyond = { tier: 'cold', replica };
    return {
      kind: 'beyond',
      said: () => saidByCold(id, replica, null),
      sources: (members) => sources.members(members),
      isWhole: () => store.held() !== null,
      pause: async () => {
        await replica.pause();
        return contentOfCold(store);
      },
      resume: () => replica.resume(),
      stop: async () => {
        this.#beyond = null;
        await replica.stop();
        await store.close();
      },
    };
  }
}

function accepts(own: Lineage, found: Lineage): boolean {
  return compareLineage(own, found) === 'same';
}
