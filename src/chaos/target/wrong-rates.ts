import type { WrongRate } from '../target.ts';

/** Which members ran by wrong clocks, and when. */
export class WrongRates {
  #all: WrongRate[] = [];

  get all(): readonly WrongRate[] {
    return this.#all;
  }

  /** A member is started, by a clock of this rate. */
  began(member: string, rate: number, nowMs: number): void {
    this.#all = this.#all.map((each) =>
      each.member === member && each.toMs === Number.POSITIVE_INFINITY ? { ...each, toMs: nowMs } : each,
    );
    if (rate !== 1) this.#all.push({ member, fromMs: nowMs, toMs: Number.POSITIVE_INFINITY, rate });
  }
}
