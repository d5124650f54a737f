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

  /**
   * Shares by past errors, the best has 1; simpler candidates have the better of equals. Only those `among` are compared: the errors of others are not
   * added to any more and fade, so that they would look the best.
   */
  weights(among: readonly number[]): Float64Array {
    const judged = this.#errors.map((error, i) => error * at(this.#handicap, i));
    let least = Number.POSITIVE_INFINITY;
    let sum = 0;
    for (const i of among) {
      least = Math.min(least, at(judged, i));
      sum += at(judged, i);
    }
    // Where several never erred, the cheapest of them serves.
    const floor = (1e-6 * sum) / Math.max(1, among.length);
    if (!(sum > 0)) return this.#handicap.map((handicap) => 1 / handicap ** this.#sharpness);
    return judged.map(
      (error, i) => ((least + floor) / (error + floor * at(this.#handicap, i))) ** this.#sharpness,
    );
  }

  #scale(factor: number): void {
    for (let i = 0; i < this.#errors.length; i++) this.#errors[i] = at(this.#errors, i) * factor;
  }
}
