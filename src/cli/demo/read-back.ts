import { revision } from '../../foundation/ids.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { AcknowledgedWrite } from './ledger.ts';
import { metricPrefix } from './metric-stream.ts';

export interface ReadBack {
  readonly found: number;
  /** Acknowledged, and not in the history at the revision that was acknowledged. Must be 0. */
  readonly lost: number;
  /** Writes that the history has more than once. Must be 0. */
  readonly twice: number;
  /** In the history and never acknowledged: allowed, their answers were lost. */
  readonly unacknowledged: number;
}

const patienceMs = 30_000;

/** Reads the whole history of the metrics back with a watch that starts in the past, and looks up every acknowledged write in it. */
export async function readAllBack(
  client: Pick<StateClient, 'watch' | 'get'>,
  writes: readonly AcknowledgedWrite[],
): Promise<ReadBack> {
  const expected = new Map(writes.map((write) => [write.revision, write]));
  const first = writes.reduce((least, write) => Math.min(least, write.revision), Number.POSITIVE_INFINITY);
  // Only the metrics are written, so the event of this revision is the end of their history.
  const { revision: last } = await client.get(metricPrefix, { prefix: true, countOnly: true });
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patienceMs);
  const seen = new Set<string>();
  let found = 0;
  let twice = 0;
  let reached = 0;
  try {
    const history = client.watch(metricPrefix, {
      prefix: true,
      fromRevision: revision(Math.max(1, Math.min(first, last))),
      signal: stop.signal,
    });
    for await (const batch of history) {
      for (const { keyValue } of batch.events) {
        const key = Buffer.from(keyValue.key).toString('utf8');
        const value = Buffer.from(keyValue.value).toString('utf8');
        if (seen.has(value)) twice++;
        seen.add(value);
        const write = expected.get(keyValue.modRevision);
        if (write?.key === key && write.value === value) found++;
      }
      reached = batch.events.at(-1)?.keyValue.modRevision ?? reached;
      if (reached >= last) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return { found, lost: writes.length - found, twice, unacknowledged: seen.size - found };
}
