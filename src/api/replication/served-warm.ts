import type { WarmReplica } from '../../replication/warm/warm-replica.ts';
import type { ServedReplica } from './replica-node.ts';

/** A warm runtime as the services see it. */
export function servedWarm(replica: WarmReplica): ServedReplica {
  return {
    read: (request) => replica.read(request),
    watch: (request, sink) => replica.watches.watch(request, sink),
    get watchers() {
      return replica.watches.count;
    },
    get ageMs() {
      return replica.ageMs;
    },
    get members() {
      return replica.members;
    },
    report: () => replica.report(),
    position: () => {
      const { meta, held, leases } = replica.status();
      if (meta === null || held === null) return null;
      return { held, compacted: meta.compacted, index: meta.index, timeMs: meta.timeMs, leases };
    },
    gauges: () => replica.status(),
    get scrubStatus() {
      return replica.scrubStatus;
    },
    scrub: () => replica.scrub(),
  };
}
