import { rounded } from '../../foundation/statistics.ts';
import type { LogRecord } from '../../local/node-process.ts';
import { figure } from '../terminal/figure.ts';
import type { Output } from '../terminal/output.ts';

export interface SoakEvent {
  readonly atSeconds: number;
  readonly member: string;
  readonly event: string;
  readonly why: string;
}

const mostTold = 60;

/** What members say of leaders they hold for lost, and of event loops that stood still: what elections come from. */
export class SoakEvents {
  #startedMs = Date.now();
  #suspicions = 0;
  #all: SoakEvent[] = [];

  get suspicions(): number {
    return this.#suspicions;
  }

  get all(): readonly SoakEvent[] {
    return this.#all;
  }

  restart(): void {
    this.#startedMs = Date.now();
    this.#suspicions = 0;
    this.#all = [];
  }

  take(member: string, record: LogRecord): void {
    const { event, atMs = Date.now() } = record;
    const why = reasons[event ?? '']?.(record);
    if (event === undefined || why === undefined) return;
    if (event === 'suspected') this.#suspicions++;
    this.#all.push({ atSeconds: rounded((atMs - this.#startedMs) / 1000, 2), member, event, why });
  }

  tell(out: Output): void {
    if (this.#all.length === 0) return;
    out.table(
      ['at s', 'member', 'event', 'why'],
      this.#all
        .slice(0, mostTold)
        .map(({ atSeconds, member, event, why }) => [atSeconds, member, event, why]),
    );
    const left = this.#all.length - mostTold;
    out.say(left > 0 ? `and ${figure(left)} more\n` : '');
  }
}

const reasons: Readonly<Record<string, (record: LogRecord) => string>> = {
  suspected: ({ leader, evidence }) => `${leader}: ${evidence}`,
  elected: ({ term }) => `term ${term}`,
  'loop-stalled': ({ gapMs }) => `${gapMs} ms`,
};
