import type { Harness } from '../../chaos/run/harness.ts';
import { systemHarnessClock } from '../../chaos/run/system-harness.ts';

/** Real processes, real sockets, real disks. Loaded when it is needed. */
export async function realHarness(): Promise<Harness> {
  const [{ startTarget }, { startTraffic }] = await Promise.all([
    import('../../chaos/target/start-target.ts'),
    import('../../chaos/traffic/start-traffic.ts'),
  ]);
  return { startTarget, startTraffic, clock: systemHarnessClock };
}
