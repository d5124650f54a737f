import type { Scenario, ScenarioContext } from '../scenario.ts';
import { again, bringBack, claimOne, rest } from './parts.ts';

const leakBytes = 8 * 1024 * 1024;
const leakEveryMs = 200;
const limitMb = 256;

/** Heap that is never given back, until the process dies of its limit or has handed over in time; then it starts afresh. */
async function exhausted(context: ScenarioContext): Promise<void> {
  const { target } = context;
  const claim = await claimOne(context, 'leader');
  const { id } = claim;
  const fault = context.began('memory near its limit', [id], {
    detail: `8 MiB more every ${leakEveryMs} ms, limit ${limitMb} MiB`,
  });
  try {
    for (let leaked = 0; leaked < 2 * limitMb * 1024 * 1024 && target.pid(id) !== null; leaked += leakBytes) {
      target.fault(id, { kind: 'leak', bytes: leakBytes });
      await context.pause(leakEveryMs);
    }
    await context.writesWork();
  } finally {
    target.signal(id, 'SIGKILL');
    await bringBack(target, [id]);
    fault.healed();
    claim.release();
  }
  await context.writesWork();
  await context.recovered();
  await rest(context);
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
