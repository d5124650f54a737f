import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { atMost } from '../../local/at-most.ts';
import type { Moment } from '../moment.ts';

/** A member's process, Tanist's or etcd's. */
export interface MemberProcess {
  readonly pid: number;
  /** Rejects when it ends before it serves. */
  readonly ready: Promise<unknown>;
  /** Never rejects. */
  readonly exited: Promise<unknown>;
  running(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** The last lines of its log. */
  logTail(): readonly string[];
}

export interface Clock {
  readonly offsetMs: number;
  readonly rate: number;
}

const stopMs = 5000;
const lastWordsMs = 2000;
const shownLines = 12;
const shownCharacters = 300;

type ProcessMoment = Extract<Moment, { readonly kind: 'process' }>;

/** The members' processes over their starts and ends. None of them outlives this process. */
export class MemberProcesses<P extends MemberProcess> {
  readonly #launch: (id: string, clock: Clock | undefined) => Promise<P>;
  readonly #moment: (member: string, state: ProcessMoment['state']) => void;
  readonly #processes = new Map<string, P>();
  readonly #killAll = (): void => {
    for (const one of this.#processes.values()) if (one.running()) one.kill('SIGKILL');
  };
  #isStopping = false;

  constructor(
    launch: (id: string, clock: Clock | undefined) => Promise<P>,
    moment: (member: string, state: ProcessMoment['state']) => void,
  ) {
    this.#launch = launch;
    this.#moment = moment;
    process.prependOnceListener('exit', this.#killAll);
  }

  /** Null: it never ran. */
  of(id: string): P | null {
    return this.#processes.get(id) ?? null;
  }

  pid(id: string): number | null {
    const one = this.of(id);
    return one?.running() === true ? one.pid : null;
  }

  signal(id: string, signal: NodeJS.Signals): void {
    const one = present(this.of(id), `${id} was started`);
    if (!one.running()) return;
    one.kill(signal);
    if (signal === 'SIGSTOP') this.#moment(id, 'stopped');
    if (signal === 'SIGCONT') this.#moment(id, 'continued');
  }

  async exited(id: string): Promise<void> {
    await this.of(id)?.exited;
  }

  /** Errors: `unavailable` with the tail of its log. */
  async start(id: string, clock?: Clock): Promise<void> {
    if (this.#isStopping) throw new TanistError('closed', `${id} is not started: the cluster is stopping`);
    await this.exited(id);
    const one = await this.#launch(id, clock);
    this.#processes.set(id, one);
    this.#moment(id, 'started');
    void one.exited.then(() => this.#moment(id, 'ended'));
    try {
      await one.ready;
    } catch (cause) {
      // Its last words come as it ends.
      await atMost(lastWordsMs, one.exited);
      const reason = cause instanceof Error ? cause.message : String(cause);
      const tail = one
        .logTail()
        .slice(-shownLines)
        .map((line) => line.slice(0, shownCharacters));
      throw new TanistError('unavailable', [`${id} does not start: ${reason}`, ...tail].join('\n  '), {
        cause,
      });
    }
    this.#moment(id, 'serves');
  }

  /** In an orderly way, then by force. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = [...this.#processes.values()].filter((one) => one.running());
    for (const one of running) {
      one.kill('SIGTERM');
      // A stopped process can't heed it.
      one.kill('SIGCONT');
    }
    const force = setTimeout(this.#killAll, stopMs);
    await Promise.all(running.map((one) => one.exited));
    clearTimeout(force);
    process.removeListener('exit', this.#killAll);
  }
}
