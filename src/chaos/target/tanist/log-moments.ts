import type { LogRecord } from '../../../local/node-process.ts';
import type { Moment } from '../../moment.ts';

/** Further away than this a member's clock is not the harness's: it was set wrong on purpose. */
const mostApartMs = 5000;

/** What a line of a member's log says for the timeline; null: nothing. */
export function momentOfLog(member: string, record: LogRecord, nowMs: number): Moment | null {
  switch (record.event) {
    case 'elected':
      return { kind: 'leader', atMs: momentMs(record, nowMs), member, term: record.term ?? 0 };
    case 'role-changed':
      return { kind: 'tier', atMs: momentMs(record, nowMs), member, tier: record.to ?? 'unknown' };
    case 'quarantined':
    case 'damage-found':
    case 'disk-full':
    case 'forced':
    case 'failed':
    case 'superseded':
      return { kind: 'note', atMs: momentMs(record, nowMs), member, text: noteOf(record) };
    default:
      return null;
  }
}

function momentMs(record: LogRecord, nowMs: number): number {
  const hereMs = performance.timeOrigin + performance.now();
  const agoMs = hereMs - (record.atMs ?? hereMs);
  return agoMs < 0 || agoMs > mostApartMs ? nowMs : nowMs - agoMs;
}

function noteOf(record: LogRecord): string {
  const reason = record.reason ?? record.detail ?? record.error?.split('\n')[0];
  return reason === undefined ? (record.event ?? '') : `${record.event}: ${reason}`;
}
