import { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SourceConfig } from '../config/source-schema.ts';
import { judge } from '../refresh/judge.ts';
import type { Looker } from '../refresh/looker.ts';
import type { ResourceId } from '../resource-id.ts';
import type { BudgetRecord, CheckRecord, ValueRecord } from '../state/records.ts';
import type { BudgetOptions } from '../state/token-bucket.ts';
import { paused, taken } from '../state/token-bucket.ts';

/** What this process has of an origin past the cluster. Never written to the state. */
export interface DirectEntry {
  readonly value: ValueRecord | null;
  readonly check: CheckRecord;
  readonly checkedMonoMs: number;
}

interface Failure {
  readonly error: TanistError;
  readonly check: CheckRecord;
  readonly untilMonoMs: number;
}

const mostKept = 10_000;

/** The origin asked past the cluster: coalesced in this process, within a budget of its own. */
export class Direct {
  readonly #looker: Looker;
  readonly #clock: Clock;
  readonly #by: string;
  readonly #budget: BudgetOptions;
  readonly #buckets = new Map<string, BudgetRecord>();
  readonly #entries = new Map<string, DirectEntry>();
  readonly #running = new Map<string, Promise<DirectEntry>>();
  /** What failed last, and until when its origin is left alone. */
  readonly #failures = new Map<string, Failure>();

  constructor(looker: Looker, clock: Clock, by: string, budget: BudgetOptions) {
    this.#looker = looker;
    this.#clock = clock;
    this.#by = by;
    this.#budget = budget;
  }

  /** What was asked last. */
  last(name: string): DirectEntry | null {
    return this.#entries.get(name) ?? null;
  }

  isAsking(name: string): boolean {
    return this.#running.has(name);
  }

  /** `isPaid`: not of this process's own budget. Fails as `over-budget`, with the origin's error, or as `resource-missing`. `known`: what the mirror has, for the version guard. */
  ask(
    id: ResourceId,
    config: SourceConfig,
    known: { readonly value: ValueRecord | null; readonly check: CheckRecord | null } | null,
    isPaid = false,
  ): Promise<DirectEntry> {
    const name = `${id.source}/${id.key}`;
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const asked = this.#ask(id, name, config, known, isPaid).finally(() => this.#running.delete(name));
    this.#running.set(name, asked);
    return asked;
  }

  async #ask(
    id: ResourceId,
    name: string,
    config: SourceConfig,
    known: { readonly value: ValueRecord | null; readonly check: CheckRecord | null } | null,
    isPaid: boolean,
  ): Promise<DirectEntry> {
    const clock = this.#clock;
    const startedMs = clock.wallMs();
    const startedMonoMs = clock.nowMs();
    const failure = this.#failures.get(name);
    if (failure !== undefined && startedMonoMs < failure.untilMonoMs) throw failure.error;
    if (!isPaid) this.#spend(id.source, startedMonoMs);
    const last = this.#entries.get(name);
    const before = {
      value: last?.value ?? known?.value ?? null,
      check: failure?.check ?? last?.check ?? known?.check ?? null,
      history: null,
    };
    const answer = await this.#looker.origins.ask(id, config, before.value);
    const look = {
      key: id.key,
      by: this.#by,
      fence: 0,
      reason: 'stale' as const,
      startedMs,
      endedMs: Math.max(startedMs, clock.wallMs()),
      answer,
    };
    const verdict = judge(config, look, before);
    const { failure: wrong, gone } = verdict.check;
    if (wrong !== null) {
      const error =
        answer.kind === 'failed' ? answer.error : new TanistError(originCode(wrong.code), wrong.message);
      const untilMonoMs = clock.nowMs() + wrong.retryAtMs - wrong.atMs;
      if (this.#failures.size >= mostKept) this.#failures.clear();
      this.#failures.set(name, { error, check: verdict.check, untilMonoMs });
      if (answer.kind === 'failed' && answer.error.code === 'origin-busy') {
        const bucket = this.#buckets.get(id.source) ?? null;
        this.#buckets.set(id.source, paused(bucket, answer.retryAfterMs, clock.nowMs()));
      }
      throw error;
    }
    this.#failures.delete(name);
    const entry: DirectEntry = {
      value: gone ? null : verdict.value === undefined ? before.value : verdict.value,
      check: verdict.check,
      checkedMonoMs: startedMonoMs,
    };
    if (this.#entries.size >= mostKept) this.#entries.clear();
    this.#entries.set(name, entry);
    return entry;
  }

  #spend(source: string, nowMonoMs: number): void {
    // By the monotonic clock: this bucket is nobody else's.
    const token = taken(this.#buckets.get(source) ?? null, this.#budget, nowMonoMs);
    if ('waitMs' in token)
      throw new TanistError(
        'over-budget',
        `no calls of ${source} are left to this process; the next in ${token.waitMs} ms`,
      );
    this.#buckets.set(source, token.after);
  }
}

/** A code from a record; of another version's only that the origin failed. */
export function originCode(code: string): KnownOriginCode | 'origin-failed' {
  return known.find((each) => each === code) ?? 'origin-failed';
}

const known = [
  'origin-older',
  'origin-unreadable',
  'origin-unreachable',
  'origin-slow',
  'origin-busy',
  'origin-refused',
  'origin-too-large',
  'origin-redirects',
  'secret-missing',
  'source-unsupported',
] as const;
type KnownOriginCode = (typeof known)[number];
