import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SignalName } from '../../../../failover/before-death/signals.ts';
import { defaultBeforeDeath } from '../../../../failover/before-death/signals.ts';
import { diskMebibytes, type FaultyCluster, heapMebibytes } from './faulty-cluster.ts';

const mebibyte = 1024 * 1024;
const stepMs = 250;
/** From nothing to the limit, and a little beyond. */
export const rampSeconds = 30;
const beyond = 1.25;
const periodMs = 400;
const { signals } = defaultBeforeDeath;

/** Grows until it is told to stop; the part of 1 that is reached, 1 being the limit, is told to `at`. */
export type Ramp = (
  where: FaultyCluster,
  victim: string,
  stopped: () => boolean,
  at: (part: number) => void,
) => Promise<void>;

/** Steps of a quarter second, by time and not by count: on a busy machine steps come late. */
async function climb(
  stopped: () => boolean,
  at: (part: number) => void,
  act: (part: number, before: number) => Promise<void> | void,
  everyMs = stepMs,
): Promise<void> {
  const startedMs = performance.now();
  for (let part = 0, before = 0; part < beyond && !stopped(); before = part) {
    part = Math.min(beyond, (performance.now() - startedMs) / 1000 / rampSeconds);
    await act(part, before);
    at(part);
    await delay(everyMs);
  }
}

export const ramps: Readonly<Record<SignalName, Ramp>> = {
  memory: async ({ cluster, signOf }, victim, stopped, at) => {
    const bytes = (signals.memory.limit - (await signOf(victim, 'memory'))) * heapMebibytes * mebibyte;
    return climb(stopped, at, (part, before) =>
      cluster.fault(victim, { kind: 'leak', bytes: bytes * (part - before) }),
    );
  },
  disk: async ({ cluster, ownDisks, folderOf, signOf }, victim, stopped, at) => {
    const total = diskMebibytes * mebibyte;
    const reserve = 16 * mebibyte;
    if (!ownDisks)
      return climb(stopped, at, (part) =>
        cluster.fault(victim, {
          kind: 'disk',
          diskBytes: total,
          freeBytes: Math.max(0, total - (total - reserve) * part),
        }),
      );
    const filler = join(folderOf(victim), 'filler');
    const bytes = (signals.disk.limit - (await signOf(victim, 'disk'))) * (total - reserve);
    return climb(stopped, at, async (part, before) => {
      const size = Math.floor(bytes * (part - before));
      // What the node itself writes meanwhile comes on top; a full disk refuses the rest.
      await appendFile(filler, Buffer.alloc(size)).catch(() => undefined);
    });
  },
  sync: ({ cluster }, victim, stopped, at) =>
    climb(stopped, at, (part) => cluster.fault(victim, { kind: 'slow-sync', ms: signals.sync.limit * part })),
  // Another program takes the processor for longer and longer.
  loop: ({ cluster }, victim, stopped, at) =>
    climb(
      stopped,
      at,
      async (part) => {
        const stoppedMs = signals.loop.limit * part;
        cluster.kill(victim, 'SIGSTOP');
        await delay(stoppedMs);
        cluster.kill(victim, 'SIGCONT');
        await delay(Math.max(0, periodMs - stoppedMs));
      },
      0,
    ),
};
