import type { LogRecord } from '../../local/node-process.ts';

export interface TimelineEntry {
  /** Since the leader was killed. */
  readonly atMs: number;
  readonly event: 'killed' | 'suspected' | 'firstVote' | 'elected' | 'firstAcknowledged';
  readonly text: string;
}

interface Reported {
  readonly node: string;
  readonly record: LogRecord;
}

/** What the nodes' logs say of a failover. */
export interface Witness {
  heard(node: string, record: LogRecord): void;
  /** `killedAtMs`: ms since 1970, as in the logs. */
  timeline(killed: string, killedAtMs: number, firstAcknowledgedAtMs: number): readonly TimelineEntry[];
}

/** The clocks of two processes differ by a little; an event may seem to be that much earlier than its cause. */
const clockSlackMs = 2;
const suspicions: readonly string[] = ['suspected', 'leader-lost'];
const votes: readonly string[] = ['vote-granted', 'vote-requested'];

export function witness(): Witness {
  const reported: Reported[] = [];
  return {
    heard: (node, record) => {
      if (record.event !== undefined) reported.push({ node, record });
    },
    timeline: (killed, killedAtMs, firstAcknowledgedAtMs) => {
      const since = ({ record }: Reported): number =>
        Math.max(0, (record.atMs ?? record.time ?? Number.NEGATIVE_INFINITY) - killedAtMs);
      const after = reported
        .filter(
          ({ node, record }) =>
            node !== killed && (record.atMs ?? record.time ?? 0) >= killedAtMs - clockSlackMs,
        )
        .toSorted((a, b) => since(a) - since(b));
      const first = (events: readonly string[]): Reported | undefined =>
        after.find(({ record }) => events.includes(record.event ?? ''));
      const entries: TimelineEntry[] = [
        { atMs: 0, event: 'killed', text: `${killed}, the leader, is killed` },
      ];
      const suspected = first(suspicions);
      if (suspected !== undefined)
        entries.push({ atMs: since(suspected), event: 'suspected', text: `${suspected.node} holds it dead` });
      const vote = first(['vote-granted']) ?? first(votes);
      if (vote !== undefined)
        entries.push({ atMs: since(vote), event: 'firstVote', text: `${vote.node} votes` });
      const elected = first(['elected']);
      if (elected !== undefined) {
        const term = elected.record.term === undefined ? '' : `, term ${elected.record.term}`;
        entries.push({ atMs: since(elected), event: 'elected', text: `${elected.node} is elected${term}` });
      }
      entries.push({
        atMs: firstAcknowledgedAtMs - killedAtMs,
        event: 'firstAcknowledged',
        text: 'the client has its first new acknowledgement',
      });
      return entries.toSorted((a, b) => a.atMs - b.atMs);
    },
  };
}
