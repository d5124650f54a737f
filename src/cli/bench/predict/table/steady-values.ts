/** Values of so many keys, each changed once a second: seasons of different lengths with noise, walks, and noise around a level. */
export class SteadyValues {
  readonly #walks: Float64Array;
  #second = 0;

  constructor(keys: number) {
    this.#walks = new Float64Array(keys);
  }

  /** Another second. */
  next(): void {
    this.#second++;
  }

  of(key: number): string {
    const noise = Math.random() - 0.5;
    this.#walks[key] = (this.#walks[key] ?? 0) + noise;
    return this.#value(key, noise).toFixed(3);
  }

  #value(key: number, noise: number): number {
    switch (key % 3) {
      case 0:
        return 50 + 20 * Math.sin((2 * Math.PI * (this.#second + key)) / (12 + (key % 20))) + 3 * noise;
      case 1:
        return 100 + (this.#walks[key] ?? 0);
      default:
        return 10 + 4 * noise;
    }
  }
}
