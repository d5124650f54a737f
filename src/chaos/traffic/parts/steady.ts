import { present } from '../../../foundation/assert.ts';
import { startOpenLoop } from '../pace.ts';
import type { Part } from '../part.ts';

/** Outages are read from this stream, so it has a connection of its own, and waits for nothing. */
const leastPerSecond = 500;

/**
 * Unconditional puts to a key each at a fixed rate, whether or not earlier ones were answered. Each acknowledged one is looked for at the end (by the checks
 * of all writes).
 */
export const steady: Part = {
  name: 'steady',
  share: 0.45,
  nativeOnly: false,
  async start({ connections, prefix, rate, nowMs, meter, writes, nextValue, onAcknowledged }) {
    const clients = await connections.spread();
    let number = 0;
    const pace = startOpenLoop(rate, nowMs, async () => {
      const client = present(clients[number % clients.length], 'a connection');
      const key = `${prefix}${number++}`;
      const value = nextValue();
      const id = writes.began('steady', 'put', key, value);
      const issuedAtMs = nowMs();
      const outcome = await meter.write(
        () => client.put(key, value),
        ({ revision }) => ({ kind: 'write', revision }),
      );
      if (outcome.kind === 'ok') {
        onAcknowledged({ issuedAtMs, ackedAtMs: nowMs() });
        writes.ended(id, { kind: 'acknowledged', revision: outcome.answer.revision });
      } else if (outcome.kind === 'fail') writes.ended(id, { kind: 'absent' });
    });
    return { stop: () => pace.stop(), check: async () => [] };
  },
};

/** How much of the rate the stream gets: enough to read outages of a few ms from, where the rate allows it. */
export function steadyRate(rate: number): number {
  return Math.max(rate * steady.share, Math.min(rate * 0.7, leastPerSecond));
}
