import { TanistError } from '../../foundation/errors.ts';
import { openMirrors, Refresher } from '../../mirrors/index.ts';
import type { MirrorsConfig } from '../../node/config/mirrors-config.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { StateClient } from '../../ports/state-client.ts';
import { MirrorMetrics } from '../metrics/mirror-metrics.ts';
import { systemClock } from '../system-clock.ts';
import { otherEtcd } from './other-etcd.ts';

export interface MirrorRefresher {
  /** What it shows to Prometheus. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** Refreshes mirrors inside a node. Begins behind the start of the node, which waits for nothing of it. Resolves to its end. */
export async function startMirrorRefresher(
  client: StateClient,
  config: MirrorsConfig,
  name: string,
  log: NodeLog,
): Promise<MirrorRefresher> {
  const metrics = new MirrorMetrics();
  const mirrors = await openMirrors(client, {
    name,
    clock: systemClock,
    may: {
      secrets: { environmentPrefix: 'TANIST_SECRET_', folder: config.secrets ?? null },
      etcd: otherEtcd,
    },
    onTrouble: (error) =>
      log.warn('mirror-trouble', {
        code: error instanceof TanistError ? error.code : '',
        reason: error.message,
      }),
    onLook: (look) => metrics.look(look),
  });
  const refresher = new Refresher(mirrors, { parallel: config.parallel });
  refresher.start();
  return {
    metrics: () => metrics.page(mirrors, refresher),
    stop: async () => {
      await refresher.stop();
      await mirrors.close();
    },
  };
}
