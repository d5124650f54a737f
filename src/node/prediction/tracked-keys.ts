import type { ByteString } from '../../foundation/bytes.ts';
import { defaultPredictPolicy, type PredictableSpace, type PredictPolicy } from '../../ports/prediction.ts';
import { pointerTokens } from '../../prediction/online/json-pointer.ts';
import type { SeriesDefinition } from '../../prediction/online/messages.ts';

/** A key that is forecast, as it was last seen. */
export interface TrackedKey {
  readonly space: PredictableSpace;
  readonly key: ByteString;
  policy: PredictPolicy;
  readonly fields: readonly TrackedField[];
  value: ByteString;
  modRevision: number;
  /** Cluster time of that change; 0: not known. */
  timeMs: number;
  /** How often its predictions were asked for of late: half of it is forgotten now and then. */
  uses: number;
  /** Of the last look over all keys. */
  round: number;
  /** Found by the look under way: its past is being learnt. */
  isFresh: boolean;
}

export interface TrackedField {
  /** Of its series. */
  readonly id: number;
  readonly pointer: string;
  readonly tokens: readonly string[];
  /** The most that its numbers showed. */
  decimals: number;
}

/**
 * Which keys are forecast, and under which numbers the predictor knows their series. Bounded: keys beyond the bound are counted and not kept.
 */
export class TrackedKeys {
  readonly #most: number;
  readonly #gone: (tracked: TrackedKey) => void;
  readonly #mostBytes: number;
  #bytes = 0;
  readonly #keys = new Map<string, TrackedKey>();
  readonly #byId = new Map<number, TrackedKey>();
  readonly #free: number[] = [];
  #nextId = 0;
  #refused = 0;
  #lightest = Number.POSITIVE_INFINITY;
  /** For the next batch. */
  #defined = new Map<number, SeriesDefinition>();
  #forgotten: number[] = [];
  /** Of the batch under way: until it is answered nobody knows whether the predictor has heard of their end. */
  #telling: readonly number[] = [];
  /** What the predictor may know. */
  readonly #told = new Set<number>();

  /** `most`: series, of which a key has one for each field; `mostBytes`: what they may take in the thread. `gone` hears of keys that are forgotten. */
  constructor(most: number, mostBytes: number, gone: (tracked: TrackedKey) => void) {
    this.#most = most;
    this.#mostBytes = mostBytes;
    this.#gone = gone;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  get seriesCount(): number {
    return this.#byId.size;
  }

  /** Whether a key of one number and the usual horizon would fit. */
  get hasRoom(): boolean {
    const bytes = seriesBytes(defaultPredictPolicy.horizon);
    return this.#byId.size < this.#most && this.#bytes + bytes <= this.#mostBytes;
  }

  /** Whether a key of this policy would be taken, if need be in the place of one that weighs less. */
  hasRoomFor({ fields, horizon, weight }: PredictPolicy): boolean {
    const wanted = Math.max(1, fields.length);
    const fits =
      this.#byId.size + wanted <= this.#most &&
      this.#bytes + wanted * seriesBytes(horizon) <= this.#mostBytes;
    return fits || this.#lightest < weight;
  }

  /** Keys that asked and were not taken, as far as it was counted. */
  get refused(): number {
    return this.#refused;
  }

  values(): IterableIterator<TrackedKey> {
    return this.#keys.values();
  }

  /** Whose series it is; null: nobody's any more. */
  withSeries(id: number): TrackedKey | null {
    return this.#byId.get(id) ?? null;
  }

  of(space: PredictableSpace, key: ByteString): TrackedKey | null {
    return this.#keys.get(nameOf(space, key)) ?? null;
  }

  /** Null: there is no room for it. */
  track(space: PredictableSpace, key: ByteString, policy: PredictPolicy): TrackedKey | null {
    const name = nameOf(space, key);
    const known = this.#keys.get(name);
    if (known?.policy === policy) return known;
    if (known !== undefined) {
      if (sameSeries(known.policy, policy)) {
        known.policy = policy;
        this.#define(known);
        return known;
      }
      this.forget(space, key);
    }
    const pointers = policy.fields.length === 0 ? [''] : policy.fields;
    const bytes = pointers.length * seriesBytes(policy.horizon);
    const wanted = pointers.length;
    if (this.seriesCount + wanted > this.#most || this.#bytes + bytes > this.#mostBytes) return null;
    // Those that ended and were not told of yet are bounded as well.
    if (this.#nextId - this.#free.length + wanted > 2 * this.#most) return null;
    this.#bytes += bytes;
    const fields = pointers.map((pointer) => ({
      id: this.#free.pop() ?? this.#nextId++,
      pointer,
      tokens: pointerTokens(pointer) ?? [],
      decimals: 0,
    }));
    const tracked: TrackedKey = {
      space,
      key,
      policy,
      fields,
      value: '' as ByteString,
      modRevision: 0,
      timeMs: 0,
      uses: 0,
      round: 0,
      isFresh: false,
    };
    this.#keys.set(name, tracked);
    for (const { id } of fields) this.#byId.set(id, tracked);
    this.#define(tracked);
    return tracked;
  }

  forget(space: PredictableSpace, key: ByteString): void {
    const name = nameOf(space, key);
    const tracked = this.#keys.get(name);
    if (tracked === undefined) return;
    this.#keys.delete(name);
    this.#bytes -= tracked.fields.length * seriesBytes(tracked.policy.horizon);
    this.#gone(tracked);
    for (const { id } of tracked.fields) {
      this.#defined.delete(id);
      this.#byId.delete(id);
      if (this.#told.has(id)) this.#forgotten.push(id);
      else this.#free.push(id);
    }
  }

  clear(): void {
    for (const { space, key } of [...this.#keys.values()]) this.forget(space, key);
    this.#refused = 0;
  }

  /** The least weight of all keys; ∞ where there is none. As of the last round, which is near enough. */
  lightest(): number {
    return this.#lightest;
  }

  /** Forgets a key of less weight, if there is one. */
  makeRoom(weight: number): boolean {
    if (this.#lightest >= weight) return false;
    for (const { space, key, policy } of this.#keys.values()) {
      if (policy.weight >= weight) continue;
      this.forget(space, key);
      return true;
    }
    this.#lightest = weight;
    return false;
  }

  refuse(): void {
    this.#refused++;
  }

  /** One that was refused is there no more. */
  unrefuse(): void {
    if (this.#refused > 0) this.#refused--;
  }

  /** The keys are counted anew from here on; what is not seen in this round goes when it ends. */
  beginRound(round: number): () => void {
    this.#refused = 0;
    this.#lightest = 0;
    return () => {
      for (const tracked of [...this.#keys.values()])
        if (tracked.round !== round) this.forget(tracked.space, tracked.key);
      this.#lightest = [...this.#keys.values()].reduce(
        (least, { policy }) => Math.min(least, policy.weight),
        Number.POSITIVE_INFINITY,
      );
    };
  }

  /** Somebody asked for the predictions of this key. */
  used(tracked: TrackedKey): void {
    tracked.uses++;
    this.#define(tracked);
  }

  /** What was asked for long ago counts for less and less. */
  fade(): void {
    for (const tracked of this.#keys.values()) {
      if (tracked.uses === 0) continue;
      tracked.uses = tracked.uses < 1 ? 0 : tracked.uses / 2;
      this.#define(tracked);
    }
  }

  /**
   * What changed since the last call, for the predictor; `answered` says what became of it. The number of a series that ended is another's only after that:
   * until then rows of the old one may still come.
   */
  takeChanges(): { readonly defined: readonly SeriesDefinition[]; readonly forgotten: readonly number[] } {
    const changes = { defined: [...this.#defined.values()], forgotten: this.#forgotten };
    for (const id of this.#defined.keys()) this.#told.add(id);
    this.#defined = new Map();
    this.#telling = this.#forgotten;
    this.#forgotten = [];
    return changes;
  }

  /** Whether the predictor took what `takeChanges` gave last. If not, the ends of series are told again. */
  answered(isTaken: boolean): void {
    const told = this.#telling;
    this.#telling = [];
    if (isTaken) this.#release(told);
    else this.#forgotten.push(...told);
  }

  /** The predictor is another one, which knows nothing. */
  predictorLost(): void {
    this.#release([...this.#telling, ...this.#forgotten]);
    this.#telling = [];
    this.#forgotten = [];
    // Of those that are still somebody's it is told again.
    for (const tracked of this.#keys.values()) this.#define(tracked);
  }

  #release(ids: readonly number[]): void {
    for (const id of ids) {
      this.#told.delete(id);
      this.#free.push(id);
    }
  }

  #define({ space, key, policy, fields, uses }: TrackedKey): void {
    const { stepMs, horizon, weight } = policy;
    const value = weight * (1 + uses);
    for (const [at, { id, pointer }] of fields.entries()) {
      const definition = { id, name: `${nameOf(space, key)}\n${pointer}`, stepMs, horizon, value };
      // All fields change with their key.
      this.#defined.set(id, at === 0 ? { ...definition, changes: true } : definition);
    }
  }
}

/** What a series takes in the thread, about: its past, its models, and for each step of the horizon the residuals that its intervals come from. */
export function seriesBytes(horizon: number): number {
  return 30_000 + 3200 * horizon;
}

/** No space's name has a slash in it. */
function nameOf(space: PredictableSpace, key: ByteString): string {
  return `${space}/${key}`;
}

function sameSeries(a: PredictPolicy, b: PredictPolicy): boolean {
  return (
    a.stepMs === b.stepMs &&
    a.horizon === b.horizon &&
    a.fields.length === b.fields.length &&
    a.fields.every((field, i) => field === b.fields[i])
  );
}
