import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LiveEntry } from '../state/live-entry.ts';
import type { LiveMirror } from '../state/live-mirror.ts';
import type { CheckRecord, ValueRecord } from '../state/records.ts';
import type { DirectEntry } from './direct.ts';
import type { Hits } from './hits.ts';
import type { HitKind, MirrorState } from './mirror-state.ts';

/** Makes answers of what is known, and counts them. */
export class Answers {
  readonly #clock: Clock;
  readonly #hits: Hits;
  readonly #live: LiveMirror;

  constructor(clock: Clock, hits: Hits, live: LiveMirror) {
    this.#live = live;
    this.#clock = clock;
    this.#hits = hits;
  }

  /** Of an entry that is older than it should be, and why it is. */
  stale(entry: LiveEntry, trouble: TanistError | null): MirrorState {
    const { value, check } = entry;
    if (value === null || check === null) throw missing(entry.name);
    return {
      ...this.built(entry.name, value, check, 'stale', this.#clock.nowMs(), entry),
      fresh: false,
      trouble,
    };
  }

  /** Of an entry that has a value. */
  answer(entry: LiveEntry, nowMs: number): MirrorState {
    const { value, check } = entry;
    if (value === null || check === null) throw missing(entry.name);
    const fresh = nowMs < entry.freshUntilMonoMs;
    const hit: HitKind = !fresh ? 'stale' : check.reason === 'predicted' ? 'predicted' : 'fresh';
    return this.built(entry.name, value, check, hit, nowMs, entry);
  }

  /** With `entry` the age is by our monotonic clock. */
  built(
    name: string,
    value: ValueRecord,
    check: CheckRecord,
    hit: HitKind,
    nowMs: number,
    entry?: LiveEntry,
  ): MirrorState {
    this.#hits.of(name)[hit]++;
    const wallAgeMs =
      entry === undefined ? this.#clock.wallMs() - check.checkedAtMs : nowMs - entry.checkedMonoMs;
    const changeExpectedMs = entry === undefined ? null : expectedMs(entry, nowMs);
    return {
      id: name,
      value: value.value,
      labels: value.labels,
      version: value.version,
      hit,
      ageMs: Math.max(wallAgeMs, 0),
      fresh: hit !== 'stale',
      predictedToHaveChanged: changeExpectedMs === 0,
      changeExpectedMs,
      changedAtMs: value.changedAtMs,
      origin: { by: check.by, reason: check.reason },
      replica: entry === undefined ? null : this.#replica(nowMs),
      trouble: null,
    };
  }

  #replica(nowMs: number): MirrorState['replica'] {
    const { replica } = this.#live;
    if (replica === null) return null;
    const { endpoint, revision, asOfMonoMs } = replica;
    return { endpoint, revision, ageMs: Math.max(0, nowMs - asOfMonoMs) };
  }

  /** Past the cluster. Fails as `resource-missing`. */
  direct(
    name: string,
    { value: record, check, checkedMonoMs }: DirectEntry,
    trouble: TanistError | null,
  ): MirrorState {
    if (record === null) throw missing(name);
    this.#hits.of(name).direct++;
    const { value, labels, version, changedAtMs } = record;
    return {
      id: name,
      value,
      labels,
      version,
      hit: 'direct',
      ageMs: Math.max(0, this.#clock.nowMs() - checkedMonoMs),
      fresh: true,
      predictedToHaveChanged: false,
      changeExpectedMs: null,
      changedAtMs,
      origin: { by: check.by, reason: check.reason },
      replica: null,
      trouble,
    };
  }
}

function expectedMs({ expectedMonoMs, horizonMs }: LiveEntry, nowMs: number): number | null {
  const inMs = expectedMonoMs - nowMs;
  return inMs <= 0 ? 0 : inMs <= horizonMs ? inMs : null;
}

export function missing(name: string): TanistError {
  return new TanistError('resource-missing', `the origin has no ${name}`);
}

export function isMissing(error: unknown): boolean {
  return error instanceof TanistError && error.code === 'resource-missing';
}
