import type { Scenario, ScenarioContext } from '../scenario.ts';
import { afflicted, again, bringBack } from './parts.ts';

const leakBytes = 8 * 1024 * 1024;
const leakEveryMs = 200;
const limitMb = 256;

/** Heap that is never given back, until the process dies of its limit or has handed over in time; then it starts afresh. */
function exhausted(context: ScenarioContext): Promise<void> {
  const { target } = context;
  return afflicted(context, 'leader', (id) => ({
    name: 'memory near its limit',
    detail: `8 MiB more every ${leakEveryMs} ms, limit ${limitMb} MiB`,
    hurt: async () => {
      for (
        let leaked = 0;
        leaked < 2 * limitMb * 1024 * 1024 && target.pid(id) !== null;
        leaked += leakBytes
      ) {
        target.fault(id, { kind: 'leak', bytes: leakBytes });
        await context.pause(leakEveryMs);
      }
      await context.writesWork();
    },
    cure: async () => {
      target.signal(id, 'SIGKILL');
      await bringBack(target, [id]);
    },
  }));
}

export const memoryScenarios: readonly Scenario[] = [
  {
    name: 'memory-limit',
    description: 'the memory of the leader runs out',
    needs: ['memory-limit', 'fault-layer'],
    memoryLimitMb: limitMb,
    hot: 3,
    sets: ['all'],
    run: (context) => again(() => exhausted(context)),
  },
];
