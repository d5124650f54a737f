import { present } from '../../foundation/assert.ts';
import { TanistError } from '../../foundation/errors.ts';
import { type LeaseId, noSession } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { Clock, Timer } from '../../ports/clock.ts';
import type { CommandBatch, LeaseKeepAliveCommand } from '../../ports/command.ts';
import { encodeCommandBatch } from '../../protocol/session/write-command.ts';
import type { Proposal, ProposalOutcome } from './proposals.ts';

/** The lease's full time-to-live in ms, 0: there is no such lease. An error: not renewed as far as is known; ask again. */
export type RenewalOutcome = number | TanistError;
export type RenewalDone = (outcome: RenewalOutcome) => void;

export interface RenewalBatcherOptions {
  readonly clock: Clock;
  readonly submit: (proposal: Proposal) => void;
  /** What a lease has left, in ms of cluster time; null: there is none with this id. */
  readonly remainingMs: (id: LeaseId) => number | null;
}

type Asked = Map<LeaseId, RenewalDone[]>;

const gatherMs = 150;
/** No renewal waits here for more than this share of what its lease has left… */
const shareOfRemaining = 1 / 8;
/** …or than this one, where the command before it takes long to be committed. */
const shareBehindAnother = 1 / 2;
/** One that may wait for less leaves at the end of the turn. */
const shortestGatherMs = 20;
/** Answers are given for so long in one turn of the event loop. */
const turnMs = 5;

/**
 * Renewals of all callers, gathered into few commands (promise 9): one under way at a time, about one in `gatherMs`, whatever the number of
 * leases and of callers. Those whose lease ends soon wait for nothing, nor does one for a slow quorum: what counts is when the leader stamps
 * it, not when it is committed. Each is answered after its commit. A renewal may be made
 * twice, so no failure of one is indeterminate.
 */
export class RenewalBatcher {
  readonly #options: RenewalBatcherOptions;
  /** In order of the first asking. */
  readonly #gathered: Asked = new Map();
  readonly #urgent: Asked = new Map();
  /** Callers without an answer. */
  #waiting = 0;
  /** When what gathered is to leave. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** When it is to leave although a command is under way. */
  #latestMs = Number.POSITIVE_INFINITY;
  #timer: Timer | null = null;
  #timerAtMs = 0;
  #underWay = false;
  #answers: { readonly done: readonly RenewalDone[]; readonly outcome: RenewalOutcome }[] = [];

  constructor(options: RenewalBatcherOptions) {
    this.#options = options;
  }

  /** `done` is called once; before this returns only to refuse as `overloaded`. */
  renew(id: LeaseId, done: RenewalDone): void {
    if (this.#waiting >= limits.renewalsWaiting) {
      done(new TanistError('overloaded', 'too many lease renewals are waiting; try again'));
      return;
    }
    this.#waiting += 1;
    const others = this.#urgent.get(id) ?? this.#gathered.get(id);
    const { clock, remainingMs } = this.#options;
    const leftMs = remainingMs(id) ?? Number.POSITIVE_INFINITY;
    const mayWaitMs = Math.min(gatherMs, leftMs * shareOfRemaining);
    if (others !== undefined) {
      others.push(done);
    } else if (mayWaitMs < shortestGatherMs) {
      if (this.#urgent.size === 0) clock.soon(() => this.#sendUrgent());
      this.#urgent.set(id, [done]);
    } else {
      this.#gathered.set(id, [done]);
      const nowMs = clock.nowMs();
      this.#dueMs = Math.min(this.#dueMs, nowMs + mayWaitMs);
      this.#latestMs = Math.min(this.#latestMs, nowMs + leftMs * shareBehindAnother);
      this.#arm();
    }
  }

  /** Sends all that gathered. Where this node no longer leads, that refuses it. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#sendUrgent();
    this.#sendGathered();
  }

  #sendGathered(): void {
    while (this.#gathered.size > 0) this.#sendSome(this.#gathered, () => {});
    this.#nothingGathered();
  }

  #nothingGathered(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#latestMs = Number.POSITIVE_INFINITY;
  }

  #sendUrgent(): void {
    while (this.#urgent.size > 0) this.#sendSome(this.#urgent, () => {});
  }

  #sendDue(): void {
    if (this.#gathered.size === 0) return;
    if (this.#underWay) {
      if (this.#options.clock.nowMs() < this.#latestMs) this.#arm();
      else this.#sendGathered();
      return;
    }
    this.#underWay = true;
    this.#sendSome(this.#gathered, () => {
      this.#underWay = false;
      if (this.#gathered.size > 0) this.#arm();
    });
    if (this.#gathered.size === 0) this.#nothingGathered();
  }

  #arm(): void {
    const { clock } = this.#options;
    const atMs = this.#underWay ? this.#latestMs : this.#dueMs;
    if (atMs === Number.POSITIVE_INFINITY || (this.#timer !== null && this.#timerAtMs <= atMs)) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = clock.after(Math.max(0, atMs - clock.nowMs()), () => {
      this.#timer = null;
      this.#sendDue();
    });
  }

  #sendSome(from: Asked, over: () => void): void {
    const ids: LeaseId[] = [];
    const asked: RenewalDone[][] = [];
    for (const [id, done] of from) {
      if (ids.length === limits.idsPerCommand) break;
      from.delete(id);
      ids.push(id);
      asked.push(done);
    }
    const command: LeaseKeepAliveCommand = { kind: 'leaseKeepAlive', ids };
    const batch: CommandBatch = {
      session: noSession,
      firstNumber: 0,
      acknowledgedThrough: 0,
      commands: [command],
    };
    this.#options.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      settle: (outcome) => {
        this.#settled(asked, outcome);
        over();
      },
      early: null,
    });
  }

  #settled(asked: readonly (readonly RenewalDone[])[], outcome: ProposalOutcome): void {
    const idle = this.#answers.length === 0;
    const ttls = ttlsOf(outcome);
    for (const [i, done] of asked.entries()) {
      const answer = ttls instanceof TanistError ? ttls : present(ttls[i], 'a lease that was asked for');
      this.#answers.push({ done, outcome: answer });
    }
    if (idle) this.#options.clock.soon(() => this.#answerSome());
  }

  #answerSome(): void {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + turnMs;
    let given = 0;
    do {
      const { done, outcome } = present(this.#answers[given++], 'an answer that is due');
      this.#waiting -= done.length;
      for (const each of done) each(outcome);
    } while (given < this.#answers.length && clock.nowMs() < untilMs);
    this.#answers = this.#answers.slice(given);
    if (this.#answers.length > 0) clock.soon(() => this.#answerSome());
  }
}

function ttlsOf(outcome: ProposalOutcome): readonly number[] | TanistError {
  if (outcome.kind === 'refused')
    return new TanistError(outcome.code, outcome.message, { indeterminate: false });
  const [result] = outcome.results;
  if (result?.kind === 'leaseKeepAlive') return result.ttlMs;
  const message = result?.kind === 'failed' ? result.message : 'a renewal was not answered by a renewal';
  return new TanistError('unavailable', message);
}
