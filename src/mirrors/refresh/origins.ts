import { asError, TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { keptBy } from '../config/kept-by.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import type { ResourceId } from '../resource-id.ts';
import { checkedAnswer, failedBy } from '../sources/failed.ts';
import type { Origin, OriginAnswer } from '../sources/origin.ts';
import type { ValueRecord } from '../state/records.ts';

const unableMs = 5000;

/** Asks origins, and knows which of them this process cannot ask. */
export class Origins {
  readonly #clock: Clock;
  readonly #origin: (source: string) => Promise<Origin>;
  /** Sources that this process could not ask of late: no calls of the budget are spent on finding that out again. */
  readonly #unable = new Map<string, { readonly error: TanistError; readonly untilMs: number }>();

  constructor(clock: Clock, origin: (source: string) => Promise<Origin>) {
    this.#clock = clock;
    this.#origin = origin;
  }

  noteUnable(source: string, error: TanistError): void {
    this.#unable.set(source, { error, untilMs: this.#clock.nowMs() + unableMs });
  }

  /** Why this process cannot ask a source, as far as it knows after `withinMs` of the source's `timeoutMs`; null: it can. */
  async unableTo(source: string, timeoutMs: number, withinMs = timeoutMs): Promise<TanistError | null> {
    const known = this.#unable.get(source);
    if (known !== undefined && this.#clock.nowMs() < known.untilMs) return known.error;
    const [clock, origin] = [this.#clock, this.#origin];
    return await new Promise((resolve) => {
      const timer = clock.after(Math.max(0, withinMs), () => {
        const error = new TanistError('origin-slow', 'the origin was not opened in time');
        // An impatient reader's wait says nothing about the origin.
        if (withinMs >= timeoutMs) this.noteUnable(source, error);
        resolve(error);
      });
      // The source may be gone by now.
      Promise.resolve()
        .then(() => origin(source))
        .then(
          () => resolve(null),
          (error: unknown) => resolve(asTanist(error)),
        )
        .finally(() => timer.cancel());
    });
  }

  /** Asks the origin, within the source's time-out. Never rejects. */
  async ask(id: ResourceId, config: SourceConfig, value: ValueRecord | null): Promise<OriginAnswer> {
    const late = new AbortController();
    const timer = this.#clock.after(config.timeoutMs, () => late.abort());
    // An origin of the user's own may not heed the signal, and opening one may take as long.
    const timedOut = new Promise<never>((_, reject) => {
      late.signal.addEventListener('abort', () => reject(late.signal.reason), { once: true });
    });
    try {
      const origin = await Promise.race([this.#origin(id.source), timedOut]);
      const request = {
        key: id.key,
        validators: value !== null && value.format === keptBy(config) ? value.validators : null,
        signal: late.signal,
        maxBytes: config.maxBytes,
      };
      return checkedAnswer(await Promise.race([origin.fetch(request), timedOut]));
    } catch (error) {
      return failedBy(error, late.signal);
    } finally {
      timer.cancel();
    }
  }
}

export function asTanist(error: unknown): TanistError {
  return error instanceof TanistError
    ? error
    : new TanistError('unavailable', asError(error).message, { cause: error });
}
