import { asError, TanistError } from '../../foundation/errors.ts';
import { Channel } from '../workload/channel.ts';
import type { Life } from './life.ts';
import type { Network } from './network.ts';

/** A running process that answers calls of others. */
export interface Callee {
  readonly life: Life;
}

export interface Caller {
  readonly name: string;
  readonly life: Life;
}

/** Messages that may be on their way, or wait for the receiver. */
const window = 32;
const lookEveryMs = 50;

/** One message there, one back. Fails with `unavailable` (nobody listens), `deadline-exceeded`, or what the other one says. */
export function call<To extends Callee, T>(
  network: Network,
  from: Caller,
  to: string,
  find: () => To | null,
  deadlineMs: number,
  act: (callee: To) => T | Promise<T>,
): Promise<T> {
  const { scheduler } = network;
  return new Promise((resolve, reject) => {
    const inside = (then: () => void): void => from.life.enter(then);
    scheduler.after(deadlineMs, () =>
      inside(() => reject(new TanistError('deadline-exceeded', `${to} did not answer in time`))),
    );
    const back = (then: () => void): void => way(network, to, from.name, () => inside(then));
    way(network, from.name, to, () => {
      const callee = find();
      if (callee === null) {
        back(() => reject(new TanistError('unavailable', `nobody listens at ${to}`)));
        return;
      }
      callee.life.enter(() => {
        const answer = new Promise<T>((done) => done(act(callee)));
        answer.then(
          (value) => callee.life.dead || back(() => resolve(value)),
          (error: unknown) => callee.life.dead || back(() => reject(asError(error))),
        );
      });
    });
  });
}

/** A message that nobody answers. */
export function way(network: Network, from: string, to: string, act: () => void): void {
  network.scheduler.after(network.delayMs(from, to), () => {
    if (!network.blocked(from, to)) act();
  });
}

/**
 * A stream from another process, in order, held back by its receiver. Ends as `unavailable` when either end dies, the way stays blocked, or the
 * connection is dropped.
 */
export async function* stream<To extends Callee, T>(
  network: Network,
  from: Caller,
  to: string,
  find: () => To | null,
  open: (callee: To, signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const inbox = new Inbox<T>();
  const inside = (act: () => void): void => from.life.enter(act);
  const lost = (): void => inside(() => inbox.end(gone(to)));
  const up = new Channel(network, from.name, to, lost);
  const down = new Channel(network, to, from.name, lost);
  const closing = new AbortController();
  let callee: To | null = null;
  let onTheWay = 0;
  let room: () => void = () => {};
  let over = false;
  const close = (): void => {
    if (over) return;
    over = true;
    up.close();
    down.close();
    const { scheduler } = network;
    scheduler.after(network.delayMs(from.name, to), () => callee?.life.enter(() => stopSending()));
  };
  const stopSending = (): void => {
    closing.abort();
    room();
  };
  const send = async (): Promise<void> => {
    if (callee === null) return;
    for await (const item of open(callee, closing.signal)) {
      if (closing.signal.aborted || callee.life.dead) return;
      onTheWay++;
      down.send(() => inside(() => inbox.add(item)));
      if (onTheWay < window) continue;
      await new Promise<void>((resolve) => {
        room = resolve;
      });
    }
  };
  up.send(() => {
    callee = find();
    if (callee === null) {
      down.send(lost);
      return;
    }
    const { life } = callee;
    life.enter(() => {
      send().then(
        () => life.dead || down.send(() => inside(() => inbox.end(null))),
        (error: unknown) => life.dead || down.send(() => inside(() => inbox.end(asError(error)))),
      );
    });
  });
  const look = (): void => {
    if (over) return;
    const open = !network.blocked(from.name, to) && !network.blocked(to, from.name);
    if (from.life.dead && open) close();
    else if (callee?.life.dead === true && open) lost();
    if (!over) network.scheduler.after(lookEveryMs, look);
  };
  network.scheduler.after(lookEveryMs, look);
  const stopHearing = network.onDrop(from.name, to, lost);
  const aborted = (): void => inbox.end(null);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    for (;;) {
      const item = await inbox.next();
      if (item === null) return;
      yield item.value;
      const sender: To | null = callee;
      up.send(() =>
        (sender as To | null)?.life.enter(() => {
          onTheWay--;
          room();
        }),
      );
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    stopHearing();
    close();
  }
}

function gone(to: string): TanistError {
  return new TanistError('unavailable', `the connection to ${to} is gone`);
}

class Inbox<T> {
  #items: { readonly value: T }[] = [];
  #end: { readonly error: Error | null } | null = null;
  #wake: () => void = () => {};

  add(value: T): void {
    this.#items.push({ value });
    this.#wake();
  }

  /** Null: in good order. What has come is still read, but for an abort. */
  end(error: Error | null): void {
    this.#end ??= { error };
    this.#wake();
  }

  async next(): Promise<{ readonly value: T } | null> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) return item;
      if (this.#end?.error) throw this.#end.error;
      if (this.#end !== null) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
