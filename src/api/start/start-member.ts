import { randomBytes } from 'node:crypto';
import { seededRandom } from '../../foundation/random.ts';
import { nodeInConfig } from '../../node/config/config.ts';
import { configuredMembers } from '../../node/config/configured-members.ts';
import { factsOfConfigured } from '../../node/membership/plan-change.ts';
import type { Lineage } from '../../ports/replication.ts';
import type { Tier } from '../../ports/tier.ts';
import { coldDatabases } from '../../replication/cold/open-cold-store.ts';
import { hotRuntime } from '../../replication/promotion/hot-runtime.ts';
import type { BeyondRuntime, HotRuntime } from '../../replication/promotion/runtimes.ts';
import { Supervisor } from '../../replication/promotion/supervisor.ts';
import { openLevelDisk } from '../../storage/level/level-disk.ts';
import { levelFolder } from '../../storage/level/level-folder.ts';
import { startCold } from '../replication/start-cold.ts';
import { startWarm } from '../replication/start-warm.ts';
import type { PromotionFace } from '../services/promotion-service.ts';
import { systemClock } from '../system-clock.ts';
import type { BeyondTiers } from './beyond-tiers.ts';
import { CarriedPredictions } from './carried-predictions.ts';
import { ailingDisk } from './faults.ts';
import { otherMembers } from './other-members.ts';
import { runFence } from './run-fence.ts';
import { type StartOptions, startHotNode } from './start-node.ts';

export interface RunningMember {
  readonly addresses: { readonly client: string; readonly peer: string; readonly http: string };
  /** Resolves when the member stopped itself, with the reason. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

const beyondTiers: BeyondTiers = {
  start: (options) => (options.tier === 'warm' ? startWarm(options) : startCold(options)),
  discard: (tier, disk) => disk.remove(tier),
};

/**
 * A member as a process runs it, hot or beyond the quorum, as its folder's role says and the cluster changes it: in one process, on the same ports.
 * Errors: those of the config, the data folder and the ports.
 */
export async function startMember(
  options: StartOptions,
  beyond: BeyondTiers = beyondTiers,
): Promise<RunningMember> {
  const { config, dataFolder, nodeLog } = options;
  const own = nodeInConfig(config, options.id);
  const opened = await openLevelDisk(dataFolder, {
    reserveBytes: Math.floor(config.disk.reserveBytes / 4),
    databases: coldDatabases,
    clock: systemClock,
  });
  const disk = ailingDisk(opened, options.faults);
  // Once bound they stay, so that a change of role keeps ports that the system chose.
  const { client, peer, http } = options.listen ?? own;
  const bound = { client, peer, http };
  const face: PromotionFace = {
    said: () => supervisor.said(),
    image: (held) => supervisor.image(held),
    presented: (by) => supervisor.presented(by),
    force: (confirmed) => supervisor.force(confirmed),
  };
  const carried = new CarriedPredictions();
  const supervisor = new Supervisor({
    place: { folder: levelFolder(dataFolder, disk), path: dataFolder, self: own.id },
    tier: own.tier,
    seeds: configuredMembers(config).map(factsOfConfigured),
    limits: config.limits,
    clock: systemClock,
    random: seededRandom(randomBytes(16).toString('hex')),
    nodeLog,
    others: otherMembers,
    forced: config.forced === null ? null : { policy: config.forced, run: runFence },
    starts: { hot: startHot, beyond: startBeyond, discardBeyond: (tier) => beyond.discard(tier, disk) },
  });
  try {
    await supervisor.start();
  } catch (error) {
    await disk.close();
    throw error;
  }
  return {
    addresses: { ...bound, peer: own.peer },
    failed: supervisor.failed,
    stop: async () => {
      await supervisor.stop();
      await disk.close();
    },
  };

  async function startHot(lineage: Lineage | null): Promise<HotRuntime> {
    const predictions = carried.take();
    const clusterId = lineage?.clusterId ?? config.cluster;
    const hot = await startHotNode({ ...options, disk, face, clusterId, listen: bound, predictions });
    bound.client = hot.addresses.client;
    bound.http = hot.addresses.http;
    void hot.failed.then((error) => supervisor.runtimeFailed(error));
    return hotRuntime(hot.node, (gracefully) => hot.stop(gracefully));
  }

  async function startBeyond(tier: Exclude<Tier, 'hot'>, lineage: Lineage | null): Promise<BeyondRuntime> {
    const started = await beyond.start({
      config,
      self: own.id,
      tier,
      dataFolder,
      disk,
      lineage,
      listen: bound,
      nodeLog,
      face,
      failed: (error) => supervisor.runtimeFailed(error),
    });
    bound.client = started.addresses.client;
    bound.http = started.addresses.http;
    return carried.from(started.runtime, started.prediction ?? null);
  }
}
