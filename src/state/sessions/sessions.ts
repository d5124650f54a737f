import type { SessionId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { CommandResult } from '../../ports/result.ts';
import { resultSize } from '../checks/result-size.ts';
import { DeadlineHeap } from '../deadline-heap.ts';
import { failed } from '../failed.ts';
import { RecordDigest } from '../records/record-digest.ts';
import { Session } from './session.ts';

export interface SessionLimits {
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly count: number;
  /** Results above `acknowledgedThrough` in one session. */
  readonly results: number;
  /** A larger result is not kept: the command, sent again, is answered without it. */
  readonly resultBytes: number;
  /** What the kept results of one session, and of all together, hold before commands are refused. */
  readonly keptBytes: number;
  readonly allKeptBytes: number;
}

const sessionRecord = 2;

const tooLargeToKeep = failed(
  'indeterminate',
  'the command was applied when it was first sent, but its result was too large to be kept for a second answer',
);

/** Client sessions (promise 3): what makes a re-sent command take effect once. They expire in cluster time. */
export class Sessions {
  readonly #limits: SessionLimits;
  readonly #byId = new Map<SessionId, Session>();
  readonly #byNonce = new Map<string, Session>();
  readonly #heap = new DeadlineHeap<Session>((left, right) => left.id < right.id);
  readonly #dirty = new Set<Session>();
  #keptBytes = 0;
  readonly #digest = new RecordDigest<SessionId>((id) => {
    const session = this.#byId.get(id);
    if (session === undefined) return null;
    const { nonce, ttlMs, deadlineMs, acknowledgedThrough, highest } = session;
    return [sessionRecord, nonce, id, ttlMs, deadlineMs, acknowledgedThrough, highest];
  });

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#byId.size;
  }

  get digest(): RecordDigest<SessionId> {
    return this.#digest;
  }

  get nextDeadlineMs(): number | null {
    return this.#heap.first?.deadlineMs ?? null;
  }

  all(): IterableIterator<Session> {
    return this.#byId.values();
  }

  get(id: SessionId): Session | undefined {
    return this.#byId.get(id);
  }

  /** Opening again with a living session's nonce finds that session. Refuses new ones beyond the limit, never evicts. */
  open(nonce: string, ttlMs: number, id: SessionId, nowMs: number): CommandResult {
    const known = this.#byNonce.get(nonce);
    if (known !== undefined) {
      this.renew(known, nowMs);
      return { kind: 'openSession', id: known.id };
    }
    if (!(ttlMs <= this.#limits.maxTtlMs))
      return failed('invalid-argument', `a session's time-to-live is at most ${this.#limits.maxTtlMs} ms`);
    if (this.#byId.size >= this.#limits.count)
      return failed('too-many-sessions', `${this.#limits.count} sessions are open; close some, or try later`);
    const granted = Math.max(ttlMs, this.#limits.minTtlMs);
    this.add(new Session(id, nonce, granted, nowMs + granted));
    return { kind: 'openSession', id };
  }

  add(session: Session): void {
    this.#byId.set(session.id, session);
    this.#byNonce.set(session.nonce, session);
    this.#keptBytes += session.keptBytes;
    this.#heap.add(session);
    this.#touch(session);
  }

  renew(session: Session, nowMs: number): void {
    this.#touch(session);
    if (session.deadlineMs === nowMs + session.ttlMs) return;
    session.deadlineMs = nowMs + session.ttlMs;
    this.#heap.moved(session);
  }

  keep(ids: readonly SessionId[], nowMs: number): CommandResult {
    for (const id of ids) {
      const session = this.#byId.get(id);
      if (session !== undefined) this.renew(session, nowMs);
    }
    return { kind: 'keepSessions' };
  }

  close(id: SessionId): CommandResult {
    const session = this.#byId.get(id);
    if (session === undefined) return sessionExpired(id);
    this.#end(session);
    return { kind: 'closeSession' };
  }

  expire(nowMs: number): void {
    for (;;) {
      const session = this.#heap.first;
      if (session === undefined || session.deadlineMs > nowMs) return;
      this.#end(session);
    }
  }

  /**
   * The answer to command `number` when it must not be applied (again); undefined: apply it, then `keepResult`. The caller has
   * renewed the session and taken over the batch's `acknowledgedThrough`.
   */
  answer(session: Session, number: number): CommandResult | undefined {
    if (session.ended) return sessionExpired(session.id);
    if (number <= session.acknowledgedThrough)
      return failed('indeterminate', `command ${number} was acknowledged, its result is no longer kept`);
    const kept = session.resultOf(number);
    if (kept !== undefined && mutant.active !== 'reuse-session-number') return kept;
    if (number > session.acknowledgedThrough + this.#limits.results)
      return failed(
        'overloaded',
        `the session keeps ${this.#limits.results} results; acknowledge some first`,
      );
    if (session.keptBytes >= this.#limits.keptBytes)
      return failed('overloaded', `the session's kept results are too large; acknowledge some first`);
    if (this.#keptBytes >= this.#limits.allKeptBytes)
      return failed('overloaded', 'the kept results of all sessions are too large; try again later');
    return undefined;
  }

  /** Results at or below `through` are needed no more. */
  acknowledge(session: Session, through: number): void {
    const before = session.keptBytes;
    session.acknowledge(through);
    this.#keptBytes += session.keptBytes - before;
  }

  keepResult(session: Session, number: number, result: CommandResult): void {
    const before = session.keptBytes;
    session.keep(number, resultSize(result) > this.#limits.resultBytes ? tooLargeToKeep : result);
    // It may have closed its own session.
    if (!session.ended) this.#keptBytes += session.keptBytes - before;
  }

  /** After a batch of its commands: someone may have asked for the digest while they were applied in slices. */
  changed(session: Session): void {
    this.#digest.touch(session.id);
  }

  takeDirty(): readonly Session[] {
    const sessions = [...this.#dirty];
    this.#dirty.clear();
    return sessions;
  }

  #end(session: Session): void {
    this.#heap.remove(session);
    this.#byId.delete(session.id);
    this.#byNonce.delete(session.nonce);
    this.#keptBytes -= session.keptBytes;
    session.ended = true;
    this.#touch(session);
  }

  #touch(session: Session): void {
    this.#dirty.add(session);
    this.#digest.touch(session.id);
  }
}

export function sessionExpired(id: SessionId): CommandResult {
  return failed('session-expired', `session ${id} has expired or was closed; open a new one`);
}
