import type { Clock } from '../../ports/clock.ts';
import type { LiveEntry } from './live-entry.ts';
import type { WriterClocks } from './writer-clocks.ts';

/** How long the mirrors of a source are fresh, how far ahead changes are told, by what config they are kept (`keptBy`); null: no such source is known. */
export type TimesOf = (
  source: string,
) => { readonly freshForMs: number; readonly horizonMs: number; readonly kept: string } | null;

/** The times of entries by our monotonic clock, of stamps by their writers' calendars. */
export class EntryTimes {
  readonly #clock: Clock;
  readonly #clocks: WriterClocks;
  readonly #of: TimesOf;

  constructor(clock: Clock, clocks: WriterClocks, of: TimesOf) {
    this.#clock = clock;
    this.#clocks = clocks;
    this.#of = of;
  }

  /** However calendars differ, nobody waits for longer than the writer meant. */
  retry(entry: LiveEntry, isLive: boolean): void {
    const failure = entry.check?.failure ?? null;
    entry.retryAtMonoMs = Number.NEGATIVE_INFINITY;
    if (failure === null) return;
    const clock = this.#clock;
    const waitMs = failure.retryAtMs - failure.atMs;
    const passedMs = isLive ? 0 : clock.wallMs() - (failure.atMs + this.#clocks.skewMs(failure.by));
    entry.retryAtMonoMs = clock.nowMs() + waitMs - Math.max(0, passedMs);
  }

  /** From its records. */
  set(entry: LiveEntry): void {
    const { check } = entry;
    entry.checkedMonoMs = Number.NEGATIVE_INFINITY;
    entry.expectedMonoMs = Number.POSITIVE_INFINITY;
    entry.freshUntilMonoMs = Number.NEGATIVE_INFINITY;
    entry.servedUntilMonoMs = Number.NEGATIVE_INFINITY;
    entry.goneUntilMonoMs = Number.NEGATIVE_INFINITY;
    const own = this.#of(entry.id.source);
    entry.isForeign = own !== null && entry.value !== null && entry.value.format !== own.kept;
    // Another origin's word, on whether it may be asked or has such a resource, is not this one's.
    const isOthers = own !== null && check?.kept !== undefined && check.kept !== own.kept;
    if (isOthers) entry.retryAtMonoMs = Number.NEGATIVE_INFINITY;
    if (check === null || check.checkedAtMs === 0) return;
    const clock = this.#clock;
    const nowMs = clock.nowMs();
    const skewMs = this.#clocks.skewMs(check.by);
    const toMono = (stampMs: number): number => nowMs - (clock.wallMs() - (stampMs + skewMs));
    // Of a writer whose clock is ahead: nothing was looked at in the future.
    entry.checkedMonoMs = Math.min(nowMs, toMono(check.checkedAtMs));
    if (check.expectedAtMs !== null) entry.expectedMonoMs = toMono(check.expectedAtMs);
    entry.horizonMs = own?.horizonMs ?? 0;
    if (own !== null && entry.wanted?.reason !== 'invalidated') {
      const untilMonoMs = entry.checkedMonoMs + own.freshForMs;
      if (check.gone && !isOthers) entry.goneUntilMonoMs = untilMonoMs;
      if (entry.value !== null && !check.gone && !entry.isForeign) entry.freshUntilMonoMs = untilMonoMs;
    }
    if (entry.wanted?.reason !== 'due') entry.servedUntilMonoMs = entry.freshUntilMonoMs;
  }
}
