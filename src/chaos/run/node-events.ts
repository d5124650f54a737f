import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What nodes logged of a failover, on the harness's clock. */
export interface NodeEventAt {
  readonly member: string;
  readonly event: string;
  readonly atMs: number;
  readonly term: number | null;
  /** Of a hand-over out of foresight: to whom. */
  readonly to: string | null;
}

const interesting: ReadonlySet<string> = new Set([
  'suspected',
  'leader-lost',
  'vote-requested',
  'elected',
  'opened',
  'stepped-down',
  'hand-over',
  'death-foreseen',
  'loop-stalled',
]);

/** Events of one log file from `offsetBytes` on. `zeroEpochMs`: when the run began, in ms since 1970. A file that is not there has none. */
export async function nodeEvents(
  member: string,
  file: string,
  zeroEpochMs: number,
): Promise<readonly NodeEventAt[]> {
  const events: NodeEventAt[] = [];
  const input = createReadStream(file);
  const failed = new Promise<void>((resolve) => input.once('error', () => resolve()));
  const lines = createInterface({ input });
  const read = async (): Promise<void> => {
    for await (const line of lines) {
      const event = eventOf(line);
      if (event === null) continue;
      events.push({ ...event, member, atMs: event.atMs - zeroEpochMs });
    }
  };
  await Promise.race([read(), failed]);
  lines.close();
  return events;
}

/** Cheap for the many lines that say something else. */
function eventOf(line: string): Omit<NodeEventAt, 'member'> | null {
  const name = /"event":"([a-z-]+)"/.exec(line)?.[1];
  if (name === undefined || !interesting.has(name)) return null;
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== 'object' || record === null || !('atMs' in record)) return null;
    const term = 'term' in record ? Number(record.term) : Number.NaN;
    return {
      event: name,
      atMs: Number(record.atMs),
      term: Number.isFinite(term) ? term : null,
      to: 'to' in record && typeof record.to === 'string' ? record.to : null,
    };
  } catch {
    return null;
  }
}
