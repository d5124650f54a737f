import { at } from '../math/at.ts';

/** What a candidate ten times as costly has to be better by. */
const BIAS = 0.01;
/** What is left of old errors when the level breaks. */
const KEPT = 0.05;

/**
 * Discounted absolute errors of the candidates on what they forecast of this series (as weights of a combination: Bates & Granger 1969;
 * discounting and sharp powers of the error: Stock & Watson 2004). One number a candidate, so that an observation costs next to nothing.
 */
export class Scores {
  readonly #errors: Float64Array;
  readonly #handicap: Float64Array;
  readonly #halfLife: number;
  readonly #sharpness: number;

  /**
   * `costsUs`: of each candidate, µs a forecast. `halfLife`: steps of the series after which an error counts half. `sharpness`: the weight
   * of a candidate is (least error / its error) to this power.
   */
  constructor(costsUs: readonly number[], halfLife: number, sharpness: number) {
    this.#errors = new Float64Array(costsUs.length);
    this.#handicap = Float64Array.from(costsUs, (cost) => 1 + BIAS * Math.log10(Math.max(1, cost)));
    this.#halfLife = halfLife;
    this.#sharpness = sharpness;
  }

  /** The series went on by so many steps. */
  age(steps: number): void {
    this.#scale(0.5 ** (steps / this.#halfLife));
  }

  add(candidate: number, absoluteError: number): void {
    this.#errors[candidate] = at(this.#errors, candidate) + absoluteError;
  }

  /** The level broke: what was good before says little. */
  forget(): void {
    this.#scale(KEPT);
  }

  /** Shares by past errors among those who take part, the best has 1, the others none; simpler ones have the better of equals. */
  weights(takesPart: (candidate: number) => boolean): Float64Array {
    let least = Number.POSITIVE_INFINITY;
    let sum = 0;
    let count = 0;
    const judged = this.#errors.map((error, i) => {
      if (!takesPart(i)) return Number.NaN;
      const own = error * at(this.#handicap, i);
      least = Math.min(least, own);
      sum += own;
      count++;
      return own;
    });
    // Where several never erred, the cheapest of them serves.
    const floor = (1e-6 * sum) / Math.max(1, count);
    return judged.map((error, i) => {
      if (Number.isNaN(error)) return 0;
      const handicap = at(this.#handicap, i);
      return sum > 0
        ? ((least + floor) / (error + floor * handicap)) ** this.#sharpness
        : handicap ** -this.#sharpness;
    });
  }

  #scale(factor: number): void {
    for (let i = 0; i < this.#errors.length; i++) this.#errors[i] = at(this.#errors, i) * factor;
  }
}
