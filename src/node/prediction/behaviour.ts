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
  #told: readonly string[] = [];

  constructor(usage: () => Usage | null) {
    this.#usage = usage;
  }

  /** Of the policies now. */
  setPrefixes(prefixes: readonly ByteString[]): void {
    // The longest first: each operation counts for one.
    this.#prefixes = [...prefixes].sort((a, b) => b.length - a.length).slice(0, mostPrefixes);
    this.#counts = this.#prefixes.map(() => ({ operations: 0, bytes: 0 }));
    this.#atMs = Number.NEGATIVE_INFINITY;
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

  /** In the order of their numbers. */
  get names(): readonly string[] {
    return [
      ...ofNode.map((name) => `node/${name}`),
      ...this.#prefixes.flatMap((prefix) => [
        `operations/${textOf(prefix)}/rate`,
        `operations/${textOf(prefix)}/bytes`,
      ]),
    ];
  }

  /** By name; null: it has none. */
  idOf(name: string): number | null {
    const index = this.names.indexOf(name);
    return index < 0 ? null : firstId + index;
  }

  has(id: number): boolean {
    return id >= firstId && id < firstId + this.#told.length;
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
    const rows = values.flatMap((each, i) => (Number.isNaN(each) ? [] : [firstId + i, moment, each, 0]));
    return { defined, forgotten, rows };
  }

  #ofNode(): readonly number[] {
    const { cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond } = this.#usage() ?? unknown;
    return [cpu, memoryBytes, networkBytesPerSecond, diskBytesPerSecond].map((each) => each ?? Number.NaN);
  }

  #changes(): { readonly defined: readonly SeriesDefinition[]; readonly forgotten: readonly number[] } {
    const { names } = this;
    const before = this.#told;
    this.#told = names;
    return {
      defined: names.flatMap((name, i) =>
        name === before[i] ? [] : [{ id: firstId + i, name, stepMs: everyMs, horizon, value }],
      ),
      forgotten: before.flatMap((name, i) => (name === names[i] ? [] : [firstId + i])),
    };
  }
}

const nothing = { defined: [], forgotten: [], rows: [] } as const;
const unknown: Usage = {
  cpu: null,
  memoryBytes: null,
  networkBytesPerSecond: null,
  diskBytesPerSecond: null,
};
