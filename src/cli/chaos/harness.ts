import type { Harness } from '../../chaos/run/harness.ts';
import { systemHarnessClock } from '../../chaos/run/system-harness.ts';

/**
 * Takes what nobody awaited: a mistake of the harness's own must not end it, with a cluster under it. Each call gives what came since the last
 * one; a run in which there was any is not ok.
 */
export function strayErrors(): () => readonly string[] {
  let errors: string[] = [];
  process.on('unhandledRejection', (reason) => {
    errors.push(
      `the harness itself failed: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
  });
  return () => {
    const taken = errors;
    errors = [];
    return taken;
  };
}

/** Real processes, real sockets, real disks. Loaded when it is needed. */
export async function realHarness(): Promise<Harness> {
  const [{ startTarget }, { startTraffic }] = await Promise.all([
    import('../../chaos/target/start-target.ts'),
    import('../../chaos/traffic/start-traffic.ts'),
  ]);
  return { startTarget, startTraffic, clock: systemHarnessClock };
}
