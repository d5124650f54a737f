import type { Scenario, ScenarioContext } from '../scenario.ts';
import { drawMs, hotIds, recovery, takenDown } from './parts.ts';

/** What only memory had is gone: a killed process alone loses nothing that it has written, since the kernel has it. So writes are held back before they get there. */

/** How long a write is on its way to the disk; all of it may be lost. Longer than an answer takes on a busy machine: what is acknowledged too early has to be on its way still. */
const heldMs = 400;
/** Longer than callers wait (traffic/parts/early.ts): they give up, and have to say what was acknowledged early and may be gone. */
const longOutageMs = 5600;

/** All members at once, with writes acknowledged until the last moment. */
async function powerLost(context: ScenarioContext, forMs: number): Promise<void> {
  const { target } = context;
  const claim = await context.claim(target.members.map(({ id }) => id));
  try {
    await context.writesWork();
    for (const id of hotIds(target)) target.fault(id, { kind: 'slow-sync', ms: heldMs, held: true });
    await context.pause(2 * heldMs);
    await takenDown(
      context,
      { ids: claim.ids, release: () => undefined },
      { name: 'power lost', signal: 'SIGKILL', detail: `${heldMs} ms of writes with it` },
      () => context.pause(forMs),
    );
  } finally {
    for (const id of hotIds(target)) target.fault(id, { kind: 'slow-sync', ms: 0 });
    claim.release();
  }
  await recovery(context);
}

export const powerScenarios: readonly Scenario[] = [
  {
    name: 'power-loss',
    description: 'all members lose their power at once, and with it what was not synced yet',
    needs: ['fault-layer'],
    hot: 3,
    sets: ['all', 'quick'],
    run: async (context) => {
      for (;;) {
        await powerLost(context, drawMs(context.random, 50, 800));
        await powerLost(context, longOutageMs);
      }
    },
  },
];
