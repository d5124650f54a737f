import { InputSeries } from '../inputs/input-series.ts';

/** A past takes 16 KiB, and each is looked at whenever a model is chosen. */
const mostInputs = 128;

/** The series that others may follow. */
export class InputBook {
  readonly #byId = new Map<number, InputSeries>();
  /** Made anew with each change: whoever fitted a model to it keeps the one that the model knows. */
  #all: readonly InputSeries[] = [];

  get all(): readonly InputSeries[] {
    return this.#all;
  }

  /** What a series may follow: all but itself. */
  but(id: number): readonly InputSeries[] {
    return this.#byId.has(id) ? this.#all.filter((each) => each.id !== id) : this.#all;
  }

  /** Beyond the limit there is none. */
  add(id: number): void {
    if (this.#byId.has(id) || this.#byId.size === mostInputs) return;
    this.#byId.set(id, new InputSeries(id));
    this.#all = [...this.#byId.values()];
  }

  forget(id: number): void {
    if (this.#byId.delete(id)) this.#all = [...this.#byId.values()];
  }

  observe(id: number, timeMs: number, value: number): void {
    this.#byId.get(id)?.observe(timeMs, value);
  }
}
