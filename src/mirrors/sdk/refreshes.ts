import { TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Looker } from '../refresh/looker.ts';
import { resourceId } from '../resource-id.ts';
import { type LiveEntry, ownValue } from '../state/live-entry.ts';
import type { LiveMirror } from '../state/live-mirror.ts';
import type { CheckRecord, RefreshReason, ValueRecord } from '../state/records.ts';
import { type Answers, missing } from './answers.ts';
import { originCode } from './direct.ts';
import type { MirrorState } from './mirror-state.ts';
import { type SourceBook, unknownSource } from './source-book.ts';

export interface RefreshPorts {
  readonly clock: Clock;
  readonly live: LiveMirror;
  readonly looker: Looker;
  readonly sources: SourceBook;
  readonly answers: Answers;
  /** So that readers in many processes do not come all at once. */
  readonly random: Random;
  /** Leaves it to a refresher. */
  readonly ask: (name: string) => Promise<void>;
}

export type Refreshed =
  | { readonly kind: 'state'; readonly state: MirrorState }
  /** `apart`: since the cluster cannot be reached; nothing was asked of the origin. */
  | { readonly kind: 'failed'; readonly error: TanistError; readonly apart: boolean };

/** Looks at a held claim again, should its delta not come. */
const recheckMs = 250;
/** After the cluster did not answer, readers ask origins at once for so long. */
const apartMs = 1000;

/** Readers of this process that wait for a look: theirs, or somebody else's. */
export class Refreshes {
  readonly #ports: RefreshPorts;
  readonly #refreshing = new Map<
    string,
    { readonly wanted: number; readonly refreshed: Promise<Refreshed> }
  >();
  #apartUntilMs = Number.NEGATIVE_INFINITY;

  constructor(ports: RefreshPorts) {
    this.#ports = ports;
  }

  /** One at a time in this process, for all that ask; who asks after an event waits for one that began after it. */
  refresh(name: string, reason: RefreshReason, deadlineMs: number): Promise<Refreshed> {
    const entry = this.#ports.live.entries.get(name);
    // A look that is due is any look.
    const wanted = entry === undefined || entry.wanted?.reason === 'due' ? 0 : entry.wantedRevision;
    const running = this.#refreshing.get(name);
    if (running !== undefined)
      return this.#until(
        name,
        deadlineMs,
        wanted <= running.wanted && reason !== 'forced'
          ? running.refreshed
          : running.refreshed.then(() => this.refresh(name, reason, deadlineMs)),
      );
    const refreshed = this.#once(name, reason, deadlineMs).finally(() => this.#refreshing.delete(name));
    this.#refreshing.set(name, { wanted, refreshed });
    return refreshed;
  }

  /** Who joins another's look waits for as long as it wants to itself. */
  #until(name: string, deadlineMs: number, refreshed: Promise<Refreshed>): Promise<Refreshed> {
    const { clock } = this.#ports;
    const waitMs = Math.max(0, deadlineMs - clock.nowMs());
    return new Promise((resolve, reject) => {
      const timer = clock.after(waitMs, () => resolve(failed(notWithin(name, waitMs))));
      refreshed.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  async #once(name: string, reason: RefreshReason, deadlineMs: number): Promise<Refreshed> {
    const { clock } = this.#ports;
    const id = resourceId(name);
    const config = this.#ports.sources.configOf(id.source);
    const startedMs = clock.nowMs();
    const fence = this.#ports.live.entries.get(name)?.check?.fence ?? 0;
    let asked = false;
    let unable: TanistError | null = null;
    for (;;) {
      const entry = this.#ports.live.entries.get(name);
      // Somebody else's look came in: it began after what this reader saw, or the mirror is fresh by it.
      if (
        entry?.check != null &&
        entry.check.fence !== fence &&
        !entry.isForeign &&
        reason !== 'forced' &&
        (reason !== 'asked' || entry.checkedMonoMs >= startedMs)
      ) {
        const { check, value } = entry;
        if (check.failure !== null) return failed(failureError(check.failure));
        if (check.gone) return failed(missing(name));
        if (value !== null && entry.wanted?.reason !== 'invalidated') return this.#came(entry, value, check);
      }
      const nowMs = clock.nowMs();
      if (nowMs >= deadlineMs) return failed(unable ?? notWithin(name, nowMs - startedMs));
      const blocked = entry === undefined ? null : failureOf(entry, nowMs);
      if (blocked !== null && reason !== 'asked' && reason !== 'forced') return failed(blocked);
      if (entry?.claim != null) {
        await this.#changeOf(name, Math.min(recheckMs, deadlineMs - nowMs));
        continue;
      }
      if (nowMs < this.#apartUntilMs)
        return apart(new TanistError('unavailable', 'the cluster cannot be reached'));
      const outcome = await this.#ports.looker.look(id, config, reason, { deadlineMs });
      switch (outcome.kind) {
        case 'looked': {
          const { check } = outcome.verdict;
          if (check.failure !== null) return failed(failureError(check.failure));
          if (check.gone || outcome.value === null) return failed(missing(name));
          return {
            kind: 'state',
            state: this.#ports.answers.built(name, outcome.value, check, 'origin', clock.nowMs()),
          };
        }
        case 'held':
          await this.#changeOf(name, Math.min(recheckMs, Math.max(1, deadlineMs - clock.nowMs())));
          continue;
        case 'moved':
          // Its delta may have come while this answer was on its way.
          if ((this.#ports.live.entries.get(name)?.checkRevision ?? 0) < outcome.checkRevision)
            await this.#changeOf(name, Math.min(recheckMs, Math.max(1, deadlineMs - clock.nowMs())));
          continue;
        case 'over-budget': {
          const waitMs = Math.max(1, outcome.waitMs);
          const error = overBudget(id.source, waitMs);
          if ((entry !== undefined && ownValue(entry) !== null) || clock.nowMs() + waitMs > deadlineMs)
            return failed(error);
          await this.#changeOf(name, waitMs);
          continue;
        }
        case 'unable':
          // Who can ask this origin is asked to.
          if (!asked) await this.#ports.ask(name);
          asked = true;
          unable = outcome.error;
          await this.#changeOf(name, Math.max(1, Math.min(1000, deadlineMs - clock.nowMs())));
          continue;
        case 'removed':
          return failed(unknownSource(id.source));
        case 'late':
          continue;
        case 'no-cluster':
          await this.#changeOf(name, recheckMs * (0.5 + this.#ports.random.next() / 2));
          if (!this.#isLost(name, deadlineMs - startedMs)) continue;
          this.#apartUntilMs = clock.nowMs() + apartMs;
          return apart(outcome.error);
      }
    }
  }

  /** Where somebody's claim is known, this one's too, its look is waited for. */
  #isLost(name: string, atMostMs: number): boolean {
    const { following, contact, entries } = this.#ports.live;
    return contact.isLost(atMostMs) && !(following && entries.get(name)?.claim != null);
  }

  #came(entry: LiveEntry, value: ValueRecord, check: CheckRecord): Refreshed {
    const nowMs = this.#ports.clock.nowMs();
    return {
      kind: 'state',
      state: this.#ports.answers.built(entry.name, value, check, 'origin', nowMs, entry),
    };
  }

  #changeOf(name: string, atMostMs: number): Promise<void> {
    const { listeners } = this.#ports.live.entry(name);
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        listeners.delete(done);
        resolve();
      };
      const timer = this.#ports.clock.after(Math.max(1, atMostMs), done);
      listeners.add(done);
    });
  }
}

export function overBudget(source: string, waitMs: number): TanistError {
  return new TanistError('over-budget', `no calls of ${source} are left; the next in ${waitMs} ms`);
}

function notWithin(name: string, ms: number): TanistError {
  return new TanistError('deadline-exceeded', `${name} was not refreshed within ${Math.round(ms)} ms`);
}

function failed(error: TanistError): Refreshed {
  return { kind: 'failed', error, apart: false };
}

function apart(error: TanistError): Refreshed {
  return { kind: 'failed', error, apart: true };
}

function failureError({ code, message }: NonNullable<CheckRecord['failure']>): TanistError {
  return new TanistError(originCode(code), message);
}

/** Why the origin may not be asked yet; null: it may. */
export function failureOf({ check, retryAtMonoMs }: LiveEntry, nowMs: number): TanistError | null {
  return check?.failure == null || nowMs >= retryAtMonoMs ? null : failureError(check.failure);
}
