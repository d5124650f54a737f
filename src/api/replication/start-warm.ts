import { follows } from '../../replication/promotion/beyond-replica.ts';
import { beyondWarm } from '../../replication/warm/beyond-warm.ts';
import { WarmFeed } from '../../replication/warm/warm-feed.ts';
import { WarmReplica } from '../../replication/warm/warm-replica.ts';
import type { BeyondStart, StartedBeyond } from '../start/beyond-tiers.ts';
import { startPredictor } from '../start/start-predictor.ts';
import { systemClock } from '../system-clock.ts';
import { servedWarm } from './served-warm.ts';
import { startBeyond } from './start-beyond.ts';

/** A warm replica as a member runs it. Errors: those of the data folder and the ports. */
export function startWarm(options: BeyondStart): Promise<StartedBeyond> {
  const { config, self, lineage, nodeLog, failed } = options;
  return startBeyond(options, async (parts) => {
    const feed: WarmFeed = new WarmFeed({
      clock: systemClock,
      nodeLog,
      ranges: () => replica.state.ranges,
    });
    const predictor = startPredictor(config, nodeLog, feed);
    const replica: WarmReplica = await WarmReplica.open({
      ...parts,
      ...(predictor === null ? {} : { listener: feed, model: () => predictor.said() }),
      id: self,
      clock: systemClock,
      nodeLog,
      requestLimits: config.limits,
      scrub: config.scrub,
      accepts: follows(lineage, () => replica.state.meta?.lineage),
    });
    replica.onFailure(failed);
    return { replica: beyondWarm(self, replica), served: servedWarm(replica), snapshots: null, predictor };
  });
}
