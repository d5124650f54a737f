import type { ExecutionContext, TestFn } from 'ava';
import { TanistError } from '../../../src/foundation/errors.ts';
import type { Space } from '../../../src/ports/delta.ts';
import type { StateClient, WatchBatch, WatchEvent } from '../../../src/ports/state-client.ts';

/** One implementation of the port with what a test needs around it. */
export interface Subject {
  readonly client: StateClient;
  /** Forgets the history of the client's space below this revision. */
  compact(at: number): Promise<void>;
  /** Nothing can be answered while `act` runs. */
  stalled(act: () => Promise<void>): Promise<void>;
  /** What this server does not have yet. */
  readonly lacks: ReadonlySet<'leases' | 'watch'>;
  stop(): Promise<void>;
}

/** Null: not to be had here; whoever returns it says why in the log. */
export type StartSubject = (t: Pick<ExecutionContext, 'log'>, space: Space) => Promise<Subject | null>;

export interface Suite {
  /** A test with a subject and a prefix that no other test uses. */
  test(
    title: string,
    act: (t: ExecutionContext, subject: Subject, prefix: string) => Promise<void>,
    needs?: 'leases' | 'watch',
  ): void;
}

/** Starts the subject before the first test and stops it after the last. Tests run one after the other, so that revisions can be told. */
export function suiteFor(test: TestFn, name: string, space: Space, start: StartSubject): Suite {
  let subject: Subject | null = null;
  let tests = 0;
  test.before(async (t) => {
    t.timeout(60_000);
    subject = await start(t, space);
  });
  test.after.always(async () => {
    await subject?.stop();
  });
  return {
    test: (title, act, needs) => {
      const prefix = `${tests++}/`;
      test.serial(`${name}: ${title}`, async (t) => {
        t.timeout(60_000);
        if (subject === null) t.log('skipped: the server is not here');
        else if (needs !== undefined && subject.lacks.has(needs)) t.log(`skipped: no ${needs} there yet`);
        else await act(t, subject, prefix);
        t.pass();
      });
    },
  };
}

/** Bytes as text, so that a difference can be read. */
export function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (Array.isArray(value)) return value.map(readable);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readable(each)]));
}

export function text(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString();
}

/** The TanistError's code, with `?` where the outcome is unknown. */
export async function failure(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return 'none';
  } catch (error) {
    if (!(error instanceof TanistError)) throw error;
    return error.indeterminate ? `${error.code}?` : error.code;
  }
}

/** Reads a watch step by step. */
export class Watching {
  readonly #batches: AsyncIterator<WatchBatch>;
  readonly #abort = new AbortController();
  #through = 0;

  constructor(
    client: StateClient,
    key: string,
    options: Omit<NonNullable<Parameters<StateClient['watch']>[1]>, 'signal'> = {},
  ) {
    this.#batches = client.watch(key, { ...options, signal: this.#abort.signal })[Symbol.asyncIterator]();
  }

  /** Up to which revision it has seen all. */
  get through(): number {
    return this.#through;
  }

  async batch(): Promise<WatchBatch> {
    const { value, done } = await this.#batches.next();
    if (done) throw new Error('the watch has ended');
    if (value.revision < this.#through) throw new Error(`revision ${value.revision} after ${this.#through}`);
    for (const { keyValue } of value.events) {
      const { modRevision: at } = keyValue;
      if (at <= this.#through || at > value.revision)
        throw new Error(`an event of ${at} between ${this.#through} and ${value.revision}`);
    }
    this.#through = value.revision;
    return value;
  }

  /** At least so many events; whole batches. */
  async events(count: number): Promise<WatchEvent[]> {
    const found: WatchEvent[] = [];
    while (found.length < count) found.push(...(await this.batch()).events);
    return found;
  }

  /** Aborts the signal; true when the watch then ends without an error. */
  async ends(): Promise<boolean> {
    this.#abort.abort();
    for (;;) if ((await this.#batches.next()).done) return true;
  }
}

export function eventText({ type, keyValue, previous }: WatchEvent): string {
  const before = previous === undefined ? '' : ` was ${text(previous.value)}`;
  const value = type === 'delete' ? '' : ` = ${text(keyValue.value)}`;
  return `${type} ${text(keyValue.key)}${value} v${keyValue.version}${before}`;
}
