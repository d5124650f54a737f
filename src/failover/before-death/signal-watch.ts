import { type Breach, isRising, median, predictBreach, stretches } from './predict-breach.ts';
import type { BeforeDeathPolicy, SignalName } from './signals.ts';

/** What a node says of one of its signals. */
export interface Sign {
  /** The median of its newest readings. */
  readonly now: number;
  /**
   * It is past the middle between its zone and its limit, or in its zone and rising. A disk that is three quarters full, as it was last week, is no
   * danger: an heir like that is better than a leader about to end.
   */
  readonly endangered: boolean;
  readonly rising: boolean;
}

/** A breach counts once it was foretold so many looks in a row. */
const sustainedLooks = 3;
/** So many looks without a reading, and what was before says nothing any more. */
const mostGaps = 10;
const mostReadings = stretches[stretches.length - 1] ?? 0;
const nowReadings = 5;
const risingEvery = 4;
/** The heap saws: garbage piles up until it is collected. The lower envelope is the least of so many readings. */
const envelopeReadings = 4;

/** One signal of one node: its newest readings, and what they foretell. */
export class SignalWatch {
  readonly name: SignalName;
  readonly #policy: BeforeDeathPolicy;
  readonly #raw: number[] = [];
  readonly #readings: number[] = [];
  #floor: number | null = null;
  #gaps = 0;
  #looks = 0;
  #rising = false;
  #foretold = 0;
  #breach: Breach | null = null;
  #sign: Sign | null = null;

  constructor(name: SignalName, policy: BeforeDeathPolicy) {
    this.name = name;
    this.#policy = policy;
  }

  /** Foretold for long enough; null: nothing is. */
  get breach(): Breach | null {
    return this.#foretold >= sustainedLooks ? this.#breach : null;
  }

  /** Null: nothing is known of it. */
  get sign(): Sign | null {
    return this.#sign;
  }

  /**
   * At each look. `floor`: what remained after the last full collection, where that is known: a saw may rise for long, and right up to the
   * zone and beyond, without anything wrong. While the floor is below the zone nothing is foretold.
   */
  add(reading: number | null, floor: number | null = null): void {
    if (reading === null || !Number.isFinite(reading)) {
      this.#gap();
      return;
    }
    this.#gaps = 0;
    this.#floor = floor;
    push(this.#raw, reading, envelopeReadings);
    push(this.#readings, this.name === 'memory' ? Math.min(...this.#raw) : reading, mostReadings);
    this.#judge();
  }

  clear(): void {
    this.#raw.length = 0;
    this.#readings.length = 0;
    this.#foretold = 0;
    this.#looks = 0;
    this.#rising = false;
    this.#breach = null;
    this.#sign = null;
  }

  /** What is not known now is as it was, for a while. */
  #gap(): void {
    this.#gaps += 1;
    if (this.#gaps >= mostGaps) this.clear();
  }

  #judge(): void {
    const readings = this.#readings;
    const policy = this.#policy.signals[this.name];
    const isSaw = this.#floor !== null && this.#floor < policy.zone;
    const now = median(readings.slice(-nowReadings));
    // It changes slowly and is the dearest part.
    if (this.#looks++ % risingEvery === 0) this.#rising = isRising(readings, policy);
    const isFar = now >= (policy.zone + policy.limit) / 2;
    const endangered = !isSaw && (isFar || (this.#rising && now >= policy.zone));
    this.#sign = { now, endangered, rising: this.#rising };
    this.#breach = isSaw ? null : predictBreach(this.name, readings, policy, this.#policy);
    this.#foretold = this.#breach === null ? 0 : this.#foretold + 1;
  }
}

function push(values: number[], value: number, most: number): void {
  values.push(value);
  if (values.length > most) values.shift();
}
