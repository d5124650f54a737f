import type { SeriesDefinition, SeriesRole } from '../../../prediction/online/messages.ts';

/** Under the number that the predictor knows it by. */
export interface NamedSeries {
  readonly name: string;
  readonly id: number;
  readonly role: SeriesRole;
}

/** Beyond the numbers that keys have. */
const firstId = 1_000_000;
const everyMs = 1000;
const horizon = 32;
/** Few, and what a node's health is judged by: they are forecast before any key. */
const value = 1e9;

/** The numbers of the series of behaviour, and what the predictor was told of them. What stays keeps its number, and with it its past; none is given twice. */
export class SeriesNames {
  #series: readonly NamedSeries[] = [];
  #ids: ReadonlyMap<number, NamedSeries> = new Map();
  #told: readonly NamedSeries[] = [];
  #nextId = firstId;

  get series(): readonly NamedSeries[] {
    return this.#series;
  }

  of(id: number): NamedSeries | null {
    return this.#ids.get(id) ?? null;
  }

  /** Says which ended with it. */
  set(names: readonly Omit<NamedSeries, 'id'>[]): readonly number[] {
    const before = new Map(this.#series.map(({ name, id }) => [name, id]));
    this.#series = names.map((each) => ({ ...each, id: before.get(each.name) ?? this.#nextId++ }));
    this.#ids = new Map(this.#series.map((each) => [each.id, each]));
    return [...before.values()].filter((id) => !this.#ids.has(id));
  }

  /** The predictor knows nothing any more. */
  tellAgain(): void {
    this.#told = [];
  }

  /** What is new to the predictor. */
  changes(): { readonly defined: readonly SeriesDefinition[]; readonly forgotten: readonly number[] } {
    if (this.#told === this.#series) return { defined: [], forgotten: [] };
    const before = new Set(this.#told.map(({ id }) => id));
    const forgotten = [...before].filter((id) => !this.#ids.has(id));
    this.#told = this.#series;
    const defined = this.#series
      .filter(({ id }) => !before.has(id))
      .map(({ id, name, role }) => ({ id, name, stepMs: everyMs, horizon, value, role }));
    return { defined, forgotten };
  }
}
