import type { Random } from '../../foundation/random.ts';
import type { History } from '../forecast.ts';

/** The newest values of a series that are kept. */
export const recentLength = 512;
/** Values of one older window. */
export const windowLength = 256;
/** What a failover showed is kept for so many of them. */
const mostShown = 4;

/** Values on a grid; the last one belongs to `endMs`. */
export interface Window {
  readonly values: Float64Array;
  readonly endMs: number;
}

/** A window around a moment at which a prediction was applied for want of the truth. */
export interface ShownWindow extends Window {
  /** How often it counts among the windows to learn from. */
  readonly copies: number;
}

/** A moment for which a prediction stood in, and what it said. */
export interface Shown {
  readonly momentMs: number;
  readonly predicted: number;
}

/**
 * What is kept of one series to learn from: the most recent values, a fair sample of older windows (reservoir sampling, Vitter 1985, algorithm R), and the
 * windows around what failovers showed. Windows do not overlap each other; the newest of them end where `recent` may still begin earlier.
 */
export class StoredSeries {
  readonly stepMs: number;
  recent: Window;
  readonly older: Window[] = [];
  readonly shown: ShownWindow[] = [];
  #waiting: Shown[] = [];
  /** Values up to here went into windows, or were left out. */
  #windowedMs: number;
  #offered = 0;

  /** `most`: values that count as recent. */
  constructor({ values, stepMs, endMs }: History, most = recentLength) {
    this.stepMs = stepMs;
    this.recent = { values: values.slice(-most), endMs };
    this.#windowedMs = this.recentFromMs - stepMs;
  }

  /** The moment of the oldest of the recent values. */
  get recentFromMs(): number {
    return this.recent.endMs - (this.recent.values.length - 1) * this.stepMs;
  }

  get bytes(): number {
    let values = this.recent.values.length;
    for (const window of this.older) values += window.values.length;
    for (const window of this.shown) values += window.values.length;
    return 8 * values;
  }

  /** `mostOlder`: older windows that there is room for. */
  take({ values, endMs }: History, mostOlder: number, random: Random): void {
    if (endMs < this.recent.endMs) this.#goBack(endMs);
    this.recent = { values: values.slice(-recentLength), endMs };
    const { stepMs } = this;
    this.#windowedMs = Math.max(this.#windowedMs, this.recentFromMs - stepMs);
    while (endMs - this.#windowedMs >= windowLength * stepMs) {
      const from = Math.round((this.#windowedMs + stepMs - this.recentFromMs) / stepMs);
      const end = from + windowLength;
      if (from < 0 || end > this.recent.values.length) break;
      this.#windowedMs += windowLength * stepMs;
      const window = { values: this.recent.values.slice(from, end), endMs: this.#windowedMs };
      this.#offer(window, mostOlder, random);
    }
    while (this.older.length > mostOlder) this.older.splice(random.below(this.older.length), 1);
  }

  /** A failover showed this; its window is kept once what follows the moment is known. */
  show(shown: Shown): void {
    this.#waiting.push(shown);
    if (this.#waiting.length > mostShown) this.#waiting.shift();
  }

  /** Makes windows of `before` values up to the moments that were shown, and `after` from there. */
  keepShown(before: number, after: number): void {
    const { recent, stepMs } = this;
    this.#waiting = this.#waiting.filter(({ momentMs, predicted }) => {
      const at = Math.round((momentMs - this.recentFromMs) / stepMs);
      if (at + after > recent.values.length) return true;
      const values = recent.values.slice(Math.max(0, at - before), at + after);
      if (at < 1 || values.length < before) return false;
      const endMs = recent.endMs - (recent.values.length - at - after) * stepMs;
      this.shown.push({ values, endMs, copies: copiesOf(recent.values, at, predicted) });
      if (this.shown.length > mostShown) this.shown.shift();
      return false;
    });
  }

  #offer(window: Window, most: number, random: Random): void {
    this.#offered++;
    if (this.older.length < most) this.older.push(window);
    else {
      const place = random.below(this.#offered);
      if (place < this.older.length) this.older[place] = window;
    }
  }

  /** Another lineage: what is later than this was never so. */
  #goBack(toMs: number): void {
    const kept = this.older.filter(({ endMs }) => endMs <= toMs);
    this.older.splice(0, this.older.length, ...kept);
    this.shown.length = 0;
    this.#waiting = [];
    this.#windowedMs = Math.min(this.#windowedMs, toMs);
  }
}

/** The more wrong it was against what the last value would have been, the more often it counts: 2 to 5 times. */
function copiesOf(values: Float64Array, at: number, predicted: number): number {
  const truth = values[at] ?? predicted;
  const last = values[at - 1] ?? truth;
  const naive = Math.abs(truth - last);
  const error = Math.abs(truth - predicted);
  if (error === 0) return 2;
  return 2 + Math.min(3, Math.round(naive === 0 ? 3 : error / naive));
}
