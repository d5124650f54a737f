import { type ByteString, textOf } from '../../foundation/bytes.ts';

import type { StateDelta } from '../../ports/delta.ts';
import type { SeriesDefinition } from '../../prediction/online/messages.ts';

/** What a node uses of its machine; null: unknown. */
export interface Usage {
  /** Of one core; more than 1 on several. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
  readonly networkBytesPerSecond: number | null;
  readonly diskBytesPerSecond: number | null;
}

const everyMs = 1000;
const horizon = 32;
/** Under the number that the predictor knows it by. */
export interface NamedSeries {
  readonly name: string;
  readonly id: number;
}

/** Beyond the numbers that keys have. */
const firstId = 1_000_000;
/** Prefixes whose operations are counted. */
const mostPrefixes = 32;
/** Few, and what a node's health is judged by: they are forecast before any key. */
const value = 1e9;
const ofNode = ['cpu', 'memory', 'network', 'disk'] as const;

/**
 * How the application behaves, as series of their own beside its values: what this node uses of its machine, and how many operations of which size go to each
 * predicted prefix. Once a second; forecast like keys, and never put into the state.
 */
export class Behaviour {
  readonly #usage: () => Usage | null;
  #prefixes: readonly ByteString[] = [];
  #counts: { operations: number; bytes: number }[] = [];
  #atMs = Number.NEGATIVE_INFINITY;
  /** In the order of their values. */
  #series: readonly NamedSeries[] = [];
  #ids: ReadonlySet<number> = new Set();
  #told: readonly NamedSeries[] = [];
  #nextId = firstId;

  constructor(usage: () => Usage | null) {
    this.#usage = usage;
    this.setPrefixes([]);
  }

  /** Of the policies now. Says which series ended with it. */
  setPrefixes(prefixes: readonly ByteString[]): readonly number[] {
    // The longest first: each operation counts for one.
    this.#prefixes = [...prefixes].sort((a, b) => b.length - a.length).slice(0, mostPrefixes);
    this.#counts = this.#prefixes.map(() => ({ operations: 0, bytes: 0 }));
    this.#atMs = Number.NEGATIVE_INFINITY;
    const before = new Map(this.#series.map(({ name, id }) => [name, id]));
    const names = [
      ...ofNode.map((name) => `node/${name}`),
      ...this.#prefixes.flatMap((prefix) => [
        `operations/${textOf(prefix)}/rate`,
        `operations/${textOf(prefix)}/bytes`,
      ]),
    ];
    // What stays keeps its number, and with it its past; no number is given twice.
    this.#series = names.map((name) => ({ name, id: before.get(name) ?? this.#nextId++ }));
    this.#ids = new Set(this.#series.map(({ id }) => id));
    return [...before.values()].filter((id) => !this.#ids.has(id));
  }

  /** The predictor knows nothing any more. */
  tellAgain(): void {
    this.#told = [];
  }

  applied({ key, value: bytes }: StateDelta): void {
    const index = this.#prefixes.findIndex((prefix) => key.startsWith(prefix));
    const count = this.#counts[index];
    if (count === undefined) return;
    count.operations++;
    count.bytes += key.length + bytes.length;
  }

  get series(): readonly NamedSeries[] {
    return this.#series;
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  /** What is new to the predictor; once a second something is. `timeMs`: cluster time; `nowMs`: of the clock. */
  take(
    timeMs: number,
    nowMs: number,
  ): {
    readonly defined: readonly SeriesDefinition[];
    readonly forgotten: readonly number[];
    readonly rows: readonly number[];
  } {
    if (nowMs - this.#atMs < everyMs || !Number.isFinite(timeMs)) return nothing;
    const isFirst = this.#atMs === Number.NEGATIVE_INFINITY;
    const seconds = (nowMs - this.#atMs) / 1000;
    this.#atMs = nowMs;
    const values = [
      ...this.#ofNode(),
      ...this.#counts.flatMap(({ operations, bytes }) => [operations / seconds, bytes / seconds]),
    ];
    this.#counts = this.#prefixes.map(() => ({ operations: 0, bytes: 0 }));
    const { defined, forgotten } = this.#changes();
    // Since when was counted is not known the first time.
    if (isFirst) return { defined, forgotten, rows: [] };
    const moment = Math.round(timeMs);
    const rows = this.#series.flatMap(({ id }, i) => {
      const each = values[i] ?? Number.NaN;
      return Number.isNaN(each) ? [] : [id, moment, each, 0];
    });
    return { defined, forgotten, rows };
  }

  #ofNode(): readonly number[] {
    const { cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond } = this.#usage() ?? unknown;
    return [cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond].map((each) => each ?? Number.NaN);
  }

  #changes(): { readonly defined: readonly SeriesDefinition[]; readonly forgotten: readonly number[] } {
    const before = new Set(this.#told.map(({ id }) => id));
    const forgotten = [...before].filter((id) => !this.#ids.has(id));
    this.#told = this.#series;
    const defined = this.#series
      .filter(({ id }) => !before.has(id))
      .map(({ id, name }) => ({ id, name, stepMs: everyMs, horizon, value }));
    return { defined, forgotten };
  }
}

const nothing = { defined: [], forgotten: [], rows: [] } as const;
const unknown: Usage = {
  cpu: null,
  memoryBytes: null,
  networkBytesPerSecond: null,
  diskBytesPerSecond: null,
};
