import { beyondCold } from '../../replication/cold/beyond-cold.ts';
import { ColdFeed } from '../../replication/cold/cold-feed.ts';
import { defaultColdOptions } from '../../replication/cold/cold-options.ts';
import { ColdReplica } from '../../replication/cold/cold-replica.ts';
import { openColdStore } from '../../replication/cold/open-cold-store.ts';
import { follows } from '../../replication/promotion/beyond-replica.ts';
import type { BeyondStart, StartedBeyond } from '../start/beyond-tiers.ts';
import { startPredictor } from '../start/start-predictor.ts';
import { systemClock } from '../system-clock.ts';
import { servedCold } from './served-cold.ts';
import { collectGarbage } from './small-heap.ts';
import { startBeyond } from './start-beyond.ts';

/** A cold replica as a member runs it. Errors: those of the data folder and the ports. */
export function startCold(options: BeyondStart): Promise<StartedBeyond> {
  const { config, self, lineage, nodeLog, failed } = options;
  const { everyMs, keep, keepForMs } = config.snapshots;
  return startBeyond(options, async ({ disk, start, ...parts }) => {
    const store = await openColdStore(disk, {
      retention: { keep, keepForMs },
      wallMs: () => systemClock.wallMs(),
    });
    const feed = new ColdFeed({ clock: systemClock, nodeLog, store });
    const predictor = startPredictor(config, nodeLog, feed);
    const replica = new ColdReplica(
      { ...defaultColdOptions, id: self, start, everyMs, scrub: config.scrub },
      {
        ...parts,
        clock: systemClock,
        nodeLog,
        store,
        accepts: follows(lineage, () => store.newest?.lineage),
        tidied: collectGarbage,
        broken: failed,
        ...(predictor === null ? {} : { feed, model: () => predictor.said() }),
      },
    );
    const served = servedCold(replica, config.limits);
    return { replica: beyondCold(self, replica, store), served, snapshots: served, predictor };
  });
}
