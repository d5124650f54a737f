import type { Harness } from '../../chaos/run/harness.ts';
import { systemHarnessClock } from '../../chaos/run/system-harness.ts';

/**
 * Takes what nobody awaited or caught: a mistake of the harness's own must not end it, with a cluster under it. Each call gives what came since the last
 * one; a run in which there was any is not ok.
 */
export function strayErrors(): () => readonly string[] {
  let errors: string[] = [];
  const keep = (reason: unknown): void => {
    errors.push(
      `the harness itself failed: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`,
    );
  };
  process.on('unhandledRejection', keep);
  process.on('uncaughtException', keep);
  return () => {
    const taken = errors;
    errors = [];
    return taken;
  };
}

const lingerMs = 10_000;

/** The work is done, the report is written, the cluster is gone: whatever still holds the event loop must not keep the command from ending. */
export function endSoon(): void {
  setTimeout(() => process.exit(), lingerMs).unref();
}

/** Real processes, real sockets, real disks. Loaded when it is needed. */
export async function realHarness(): Promise<Harness> {
  const [{ startTarget }, { startTraffic }] = await Promise.all([
    import('../../chaos/target/start-target.ts'),
    import('../../chaos/traffic/start-traffic.ts'),
  ]);
  return { startTarget, startTraffic, clock: systemHarnessClock };
}
