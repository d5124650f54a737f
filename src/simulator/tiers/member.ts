import type { NodeId } from '../../foundation/ids.ts';
import { defaultRequestLimits } from '../../foundation/limits.ts';
import { type Random, randomName } from '../../foundation/random.ts';
import type { ScrubOptions } from '../../node/integrity/scrub-passes.ts';
import type { TanistNode } from '../../node/node.ts';
import { LinkKeeper } from '../../node/topology/link-keeper.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Lineage, LinkMeasurement } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import { beyondCold } from '../../replication/cold/beyond-cold.ts';
import { ColdReplica } from '../../replication/cold/cold-replica.ts';
import { openColdStore } from '../../replication/cold/open-cold-store.ts';
import { type BeyondReplica, beyondRuntime, follows } from '../../replication/promotion/beyond-replica.ts';
import { hotRuntime } from '../../replication/promotion/hot-runtime.ts';
import type { BeyondRuntime, HotRuntime } from '../../replication/promotion/runtimes.ts';
import { Supervisor, type SupervisorParts } from '../../replication/promotion/supervisor.ts';
import { DeltaSource } from '../../replication/source/delta-source.ts';
import { latestParts } from '../../replication/source/latest-parts.ts';
import { beyondWarm } from '../../replication/warm/beyond-warm.ts';
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

const linksEveryMs = 500;

const scrub: ScrubOptions = { bytesPerSecond: 1 << 20, pauseMs: 1500 };

/** One process of a member: the production supervisor, and what it runs, on simulated ports. */
export class Member implements ReachedMember {
  readonly supervisor: Supervisor;
  readonly #parts: MemberParts;
  #hot: { readonly node: TanistNode; readonly source: DeltaSource } | null = null;
  #beyond: Beyond | null = null;
  /** Whose ways are measured. */
  #measuring: SimSources | null = null;

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
      forced: this.#forced(),
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
    return hotRuntime(node, async (gracefully) => {
      this.#hot = null;
      await node.stop(gracefully);
      hotStopped(node);
    });
  }

  #forced(): SupervisorParts['forced'] {
    const { world, life } = this.#parts;
    const { fences } = world;
    if (fences === null) return null;
    const { afterMs, alone } = fences.plan;
    return { policy: { fence: ['fence'], afterMs, alone }, run: fences.run(life) };
  }

  #links(sources: SimSources): { readonly links?: () => readonly LinkMeasurement[] } {
    const { world, id, clock } = this.#parts;
    if (!world.measures) return {};
    const keeper = new LinkKeeper({
      clock,
      targets: () => sources.hot.map((hot) => ({ id: hot, client: '' })),
      roundTripMs: (hot) => world.network.roundTripMs(id, hot),
      bytesPerSecond: () => null,
      probe: null,
      busy: () => false,
    });
    const look = (): void => {
      if (this.#measuring !== sources) return;
      keeper.look();
      clock.after(linksEveryMs, look);
    };
    this.#measuring = sources;
    look();
    return { links: () => keeper.links };
  }

  #sources(): SimSources {
    const { world, id, life } = this.#parts;
    return new SimSources(world, { name: id, life }, world.seeds);
  }

  async #startWarm(
    disk: ReturnType<typeof simFolder>['disk'],
    lineage: Lineage | null,
  ): Promise<BeyondRuntime> {
    const { id, clock, nodeLog, random } = this.#parts;
    const sources = this.#sources();
    const replica: WarmReplica = await WarmReplica.open({
      id,
      start: randomName(random.fork('start')),
      clock,
      nodeLog,
      disk,
      directory: sources,
      requestLimits: defaultRequestLimits,
      vitals,
      ...this.#links(sources),
      scrub,
      accepts: follows(lineage, () => replica.state.meta?.lineage),
      membersChanged: (members) => sources.members(members),
    });
    replica.onFailure((error) => this.supervisor.runtimeFailed(error));
    return this.#run(beyondWarm(id, replica), sources, { tier: 'warm', replica });
  }

  async #startCold(
    disk: ReturnType<typeof simFolder>['disk'],
    lineage: Lineage | null,
  ): Promise<BeyondRuntime> {
    const { id, clock, nodeLog, world, random } = this.#parts;
    const sources = this.#sources();
    const { keepSnapshots, snapshotEveryMs } = world.plan;
    const store = await openColdStore(disk, {
      retention: { keep: keepSnapshots, keepForMs: 0 },
      wallMs: () => clock.wallMs(),
    });
    const replica = new ColdReplica(
      {
        id,
        start: randomName(random.fork('start')),
        everyMs: snapshotEveryMs,
        retryMs: 100,
        reportMs: 300,
        scrub,
      },
      {
        clock,
        nodeLog,
        store,
        directory: sources,
        vitals,
        ...this.#links(sources),
        accepts: follows(lineage, () => store.newest?.lineage),
        membersChanged: (members) => sources.members(members),
        tidied: () => {},
        broken: (error) => this.supervisor.runtimeFailed(error),
      },
    );
    return this.#run(beyondCold(id, replica, store), sources, { tier: 'cold', replica });
  }

  #run(replica: BeyondReplica, sources: SimSources, beyond: Beyond): BeyondRuntime {
    if (replica.members().length > 0) sources.members(replica.members());
    replica.start();
    this.#beyond = beyond;
    return beyondRuntime(replica, {
      leader: () => null,
      sources: (members) => sources.members(members),
      stop: async () => {
        this.#beyond = null;
        this.#measuring = null;
        await replica.stop();
      },
    });
  }
}
