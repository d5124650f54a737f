import { type ByteString, textOf } from '../../../foundation/bytes.ts';
import type { StateDelta } from '../../../ports/delta.ts';
import type { SeriesDefinition } from '../../../prediction/online/messages.ts';
import { Operations } from './operations.ts';
import { PastOperations } from './past-operations.ts';
import { type NamedSeries, SeriesNames } from './series-names.ts';
import { type MemberUsage, type Usage, usageNames, usageNumbers } from './usage.ts';

export interface BehaviourParts {
  /** What this node uses. */
  readonly usage: () => Usage | null;
  /** What each member uses, alike on all of them. */
  readonly members: () => readonly MemberUsage[];
}

const everyMs = 1000;
/** Prefixes whose operations are counted, and members whose usage is told. */
const mostPrefixes = 32;
const mostMembers = 8;
/** Changes arrive later than the time that passes here. */
const lateMs = 1000;

/** What a predictor is told of behaviour with a batch. */
export interface BehaviourNews {
  readonly defined: readonly SeriesDefinition[];
  readonly forgotten: readonly number[];
  /** Rows of observations. */
  readonly rows: readonly number[];
}

/**
 * How the application behaves, beside its values: how many operations of which size go to each prefix that has a policy, and what each node uses of its machine. Series
 * that those of keys may follow, as far as all replicas know them alike; what this node uses, and the operations, are forecast like keys, too. Never put into the
 * state.
 */
export class Behaviour {
  readonly #parts: BehaviourParts;
  readonly #names = new SeriesNames();
  #prefixes: readonly ByteString[] = [];
  #members: readonly string[] = [];
  #operations = new Operations([]);
  #past: PastOperations | null = null;
  #usedAtMs = Number.NEGATIVE_INFINITY;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: BehaviourParts) {
    this.#parts = parts;
    this.#name();
  }

  get series(): readonly NamedSeries[] {
    return this.#names.series;
  }

  /** How many of them are forecast themselves. */
  get forecast(): number {
    return this.series.filter(({ role }) => role !== 'input').length;
  }

  has(id: number): boolean {
    return this.#names.of(id) !== null;
  }

  /** Empty: there is none of that number. */
  nameOf(id: number): string {
    return this.#names.of(id)?.name ?? '';
  }

  /** Of the policies now, the most important first. Says which series ended with it. */
  setPrefixes(prefixes: readonly ByteString[]): readonly number[] {
    const now = [...new Set(prefixes)].slice(0, mostPrefixes).sort((a, b) => b.length - a.length);
    if (now.length === this.#prefixes.length && now.every((each, i) => each === this.#prefixes[i])) return [];
    this.#prefixes = now;
    this.#operations = new Operations(now);
    this.#past = null;
    return this.#name();
  }

  /** A change that the stored history tells of, from before what is `applied`. */
  past(delta: StateDelta): void {
    this.#past ??= new PastOperations(this.#prefixes);
    this.#past.add(delta);
  }

  /** The predictor knows nothing any more. */
  tellAgain(): void {
    this.#names.tellAgain();
    this.#operations = new Operations(this.#prefixes);
    this.#past = null;
    this.#toldAtMs = Number.NEGATIVE_INFINITY;
  }

  applied(delta: StateDelta): void {
    this.#operations.applied(delta);
  }

  /** What is new to the predictor. `timeMs`: cluster time; `nowMs`: of the clock. */
  take(timeMs: number, nowMs: number): BehaviourNews {
    if (!Number.isFinite(timeMs)) return nothing;
    this.#operations.passed(timeMs - lateMs);
    const rows: number[] = [];
    this.#tellMembers(rows);
    this.#tellOperations(rows);
    if (nowMs - this.#usedAtMs >= everyMs) {
      this.#usedAtMs = nowMs;
      this.#tell(rows, 0, Math.round(timeMs), usageNumbers(this.#parts.usage()));
    }
    const { defined, forgotten } = this.#names.changes();
    return { defined, forgotten, rows };
  }

  #tellOperations(rows: number[]): void {
    const past = this.#past?.until(this.#operations.beganMs) ?? [];
    this.#past = null;
    for (const { endMs, numbers } of [...past, ...this.#operations.take()])
      this.#tell(rows, usageNames.length, endMs, numbers);
  }

  #tellMembers(rows: number[]): void {
    const members = this.#parts.members().slice(0, mostMembers);
    const [first] = members;
    if (first === undefined || first.atMs <= this.#toldAtMs) return;
    this.#toldAtMs = first.atMs;
    const ids = members.map(({ id }) => id).sort();
    if (ids.join() !== this.#members.join()) {
      this.#members = ids;
      this.#name();
    }
    for (const { id, atMs, usage } of members) {
      const place = usageNames.length + 2 * this.#prefixes.length + usageNames.length * ids.indexOf(id);
      this.#tell(rows, place, atMs, usageNumbers(usage));
    }
  }

  /** Of the series from this place on. */
  #tell(rows: number[], place: number, timeMs: number, numbers: ArrayLike<number>): void {
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i] ?? Number.NaN;
      const series = this.#names.series[place + i];
      if (series !== undefined && !Number.isNaN(number)) rows.push(series.id, timeMs, number, 0);
    }
  }

  #name(): readonly number[] {
    return this.#names.set([
      ...usageNames.map((name) => ({ name: `node/${name}`, role: 'forecast' as const })),
      ...this.#prefixes.flatMap((prefix) =>
        ['rate', 'bytes'].map((what) => ({
          name: `operations/${textOf(prefix)}/${what}`,
          role: 'both' as const,
        })),
      ),
      ...this.#members.flatMap((id) =>
        usageNames.map((name) => ({ name: `nodes/${id}/${name}`, role: 'input' as const })),
      ),
    ]);
  }
}

const nothing: BehaviourNews = { defined: [], forgotten: [], rows: [] };
