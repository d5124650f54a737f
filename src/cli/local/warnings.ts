import type { LogRecord } from '../../local/node-process.ts';

const warnLevel = 40;
/** The same event of the same node is told again after this long at the earliest. */
const quietMs = 10_000;
/** Of every record, and said by the line already. */
const common: readonly string[] = ['level', 'time', 'atMs', 'node', 'event', 'msg', 'pid', 'hostname'];

/** What `tanist up` says of its nodes' warnings: what happened and with what, a line each; of what happens all the time only how often. */
export class Warnings {
  readonly #told = new Map<string, { atMs: number; since: number }>();

  /** The line to print; null: nothing is to be said (now). */
  line(id: string, record: LogRecord, nowMs: number): string | null {
    if ((record.level ?? 0) < warnLevel) return null;
    const what = record.msg ?? record.event ?? '';
    const key = `${id} ${what}`;
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < quietMs) {
      told.since++;
      return null;
    }
    this.#told.set(key, { atMs: nowMs, since: 0 });
    const fields = Object.entries(record)
      .filter(([name, value]) => !common.includes(name) && value !== null)
      .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`);
    const more = told === undefined || told.since === 0 ? '' : ` (and ${told.since} times before)`;
    return `${id}: ${[what, fields.join(', ')].filter((part) => part !== '').join(': ')}${more}`;
  }
}
