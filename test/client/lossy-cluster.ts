import { byteStringOfText, textOf } from '../../src/foundation/bytes.ts';
import { TanistError } from '../../src/foundation/errors.ts';
import { nodeId, noSession, revision, type SessionId, sessionId, term } from '../../src/foundation/ids.ts';
import type { Random } from '../../src/foundation/random.ts';
import type { Command, CommandBatch, PutCommand } from '../../src/ports/command.ts';
import type { CommandResult } from '../../src/ports/result.ts';
import type { SessionReply } from '../../src/protocol/session/session-reply.ts';
import type { Read, SessionRequest } from '../../src/protocol/session/session-request.ts';
import type { Routing } from '../../src/protocol/status/routing.ts';

export type Request =
  | { readonly kind: 'batch'; readonly batch: CommandBatch }
  | Extract<SessionRequest, { readonly kind: 'reads' }>;

interface Stream {
  readonly number: number;
  readonly address: string;
  readonly requests: Request[];
  readonly replies: SessionReply[];
  heard: boolean;
  /** Nothing that is sent on it arrives any more. */
  dead: boolean;
  /** The member could not read a request and has ended it. */
  ended: boolean;
}

interface Appended {
  readonly stream: Stream;
  readonly batch: CommandBatch;
  /** The client sent it as part of a larger one. */
  readonly isPart: boolean;
}

interface Session {
  acknowledgedThrough: number;
  readonly results: Map<number, CommandResult>;
}

/** Of a range that no member can read. */
export const unreadableLimit = 13;

export const addresses = ['a:1', 'b:1', 'c:1'] as const;

export function put(text: string): PutCommand {
  const value = byteStringOfText(text);
  return {
    kind: 'put',
    space: 'user',
    key: value,
    value,
    lease: 0n as PutCommand['lease'],
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

/**
 * A cluster as the client sees it, without any Raft: one true state with the session rules of promise 3, three addresses of which one
 * leads, and a network that loses streams, keeps requests of lost streams for later, and loses what a leader had not committed.
 */
export class LossyCluster {
  term = 1;
  leader: string | null = addresses[0];
  revision = 1;
  /** How often each value was applied, and the revision it got. */
  readonly applied = new Map<string, { count: number; revision: number }>();
  readonly sessions = new Map<SessionId, Session>();
  readonly streams: Stream[] = [];
  faults = true;
  /** Nothing arrives late: what was on its way to a leader that leads no more, or on a lost stream, is gone. */
  prompt = false;
  private readonly random: Random;
  private readonly nonces = new Map<string, SessionId>();
  private appended: Appended[] = [];
  private nextSession = 1;

  constructor(random: Random) {
    this.random = random;
  }

  routing(): Routing {
    const members = addresses.map((address) => ({
      id: nodeId(address.slice(0, 1)),
      clientAddress: address,
      peerAddress: '',
      httpAddress: '',
      tier: 'hot',
    }));
    const leader = this.leader === null ? null : nodeId(this.leader.slice(0, 1));
    const succession = members.map(({ id }) => id).filter((id) => id !== leader);
    return { term: term(this.term), leader, members, succession };
  }

  open(number: number, address: string): void {
    this.streams.push({ number, address, requests: [], replies: [], heard: true, dead: false, ended: false });
  }

  send(number: number, request: Request): void {
    const stream = this.streams.find((each) => each.number === number);
    if (stream?.dead === false) stream.requests.push(request);
  }

  /** The client no longer hears the stream; what it had sent may still arrive, much later. */
  drop(number: number): void {
    const stream = this.streams.find((each) => each.number === number);
    if (stream === undefined) return;
    stream.heard = false;
    if (this.prompt) this.cut(stream);
    else if (this.random.chance(0.5)) stream.requests.splice(this.random.below(stream.requests.length + 1));
  }

  electAnother(): void {
    const survivors = this.random.below(this.appended.length + 1);
    for (const [i, { stream, batch, isPart }] of this.appended.entries()) {
      if (i < survivors) this.apply(batch);
      else if (this.random.chance(0.5))
        this.refuse(stream, batch, new TanistError('indeterminate', 'stepped down'), isPart);
    }
    this.appended = [];
    if (this.prompt) for (const stream of this.streams) this.cut(stream);
    this.term++;
    this.leader = this.random.chance(0.2) ? null : this.random.pick(addresses);
  }

  expireSessions(): void {
    this.sessions.clear();
    this.nonces.clear();
  }

  private cut(stream: Stream): void {
    stream.dead = true;
    stream.requests.length = 0;
  }

  /** One thing happens somewhere; false when nothing can. */
  step(): boolean {
    const busy = this.streams.filter((stream) => stream.requests.length > 0);
    if (this.appended.length > 0 && (busy.length === 0 || this.random.chance(0.5))) {
      const { stream, batch } = this.appended.shift()!;
      const results = this.apply(batch);
      stream.replies.push({
        kind: 'batch',
        session: batch.session,
        firstNumber: batch.firstNumber,
        results,
        refused: null,
        refusedCount: 0,
      });
      return true;
    }
    if (busy.length === 0) return false;
    const stream = this.random.pick(busy);
    this.handle(stream, stream.requests.shift()!);
    return true;
  }

  private handle(stream: Stream, request: Request): void {
    if (!isReadable(request)) {
      this.cut(stream);
      stream.ended = true;
      return;
    }
    if (request.kind === 'reads') {
      stream.replies.push({ kind: 'reads', replies: request.reads.map((read) => this.answer(stream, read)) });
      return;
    }
    const { batch } = request;
    if (stream.address !== this.leader) {
      this.refuse(stream, batch, new TanistError('not-leader', 'not the leader'));
      if (this.random.chance(0.5)) stream.replies.push({ kind: 'routing', routing: this.routing() });
    } else {
      const runs = validRuns(batch);
      for (const { run, isValid } of runs) {
        if (isValid) this.take(stream, run, runs.length > 1);
        else this.refuse(stream, run, new TanistError('key-empty', 'never right'), true);
      }
    }
  }

  private take(stream: Stream, batch: CommandBatch, isPart: boolean): void {
    if (this.faults && this.random.chance(0.1)) {
      this.refuse(stream, batch, new TanistError('overloaded', 'too much'), isPart);
    } else {
      this.appended.push({ stream, batch, isPart });
      if (batch.session === noSession || !this.random.chance(0.5)) return;
      const lastNumber = batch.firstNumber + batch.commands.length - 1;
      stream.replies.push({
        kind: 'early',
        session: batch.session,
        firstNumber: batch.firstNumber,
        lastNumber,
      });
    }
  }

  private refuse(stream: Stream, batch: CommandBatch, refused: TanistError, isPart = false): void {
    const { session, firstNumber } = batch;
    const refusedCount = isPart ? batch.commands.length : 0;
    stream.replies.push({ kind: 'batch', session, firstNumber, results: [], refused, refusedCount });
  }

  private answer(stream: Stream, read: Read) {
    const outcome =
      stream.address === this.leader || read.serializable
        ? ({ kind: 'range', revision: revision(this.revision), values: [], count: 0, more: false } as const)
        : new TanistError('not-leader', 'not the leader');
    return { id: read.id, outcome, ageMs: 0 };
  }

  private apply(batch: CommandBatch): readonly CommandResult[] {
    if (batch.session === noSession) return batch.commands.map((command) => this.applyUnnumbered(command));
    const session = this.sessions.get(batch.session);
    if (session === undefined) {
      return batch.commands.map(
        () => ({ kind: 'failed', code: 'session-expired', message: 'expired' }) as const,
      );
    }
    session.acknowledgedThrough = Math.max(session.acknowledgedThrough, batch.acknowledgedThrough);
    for (const number of session.results.keys()) {
      if (number <= session.acknowledgedThrough) session.results.delete(number);
    }
    return batch.commands.map((command, i) => {
      const number = batch.firstNumber + i;
      const known = session.results.get(number);
      if (known !== undefined) return known;
      if (number <= session.acknowledgedThrough) {
        return { kind: 'failed', code: 'invalid-argument', message: 'acknowledged' } as const;
      }
      const result = this.applyOnce(command);
      session.results.set(number, result);
      return result;
    });
  }

  private applyUnnumbered(command: Command): CommandResult {
    if (command.kind !== 'openSession')
      return { kind: 'failed', code: 'invalid-argument', message: command.kind };
    let id = this.nonces.get(command.nonce);
    if (id === undefined) {
      id = sessionId(this.nextSession++);
      this.nonces.set(command.nonce, id);
      this.sessions.set(id, { acknowledgedThrough: 0, results: new Map() });
    }
    return { kind: 'openSession', id };
  }

  private applyOnce(command: Command): CommandResult {
    if (command.kind === 'keepSessions') return { kind: 'keepSessions' };
    if (command.kind !== 'put') return { kind: 'failed', code: 'invalid-argument', message: command.kind };
    const value = textOf(command.value);
    if (value.startsWith('bad')) return { kind: 'failed', code: 'lease-not-found', message: value };
    this.revision++;
    const before = this.applied.get(value);
    this.applied.set(value, { count: (before?.count ?? 0) + 1, revision: this.revision });
    return { kind: 'put', revision: revision(this.revision), previous: null };
  }
}

function isReadable(request: Request): boolean {
  return request.kind === 'reads'
    ? request.reads.every(({ range }) => range.limit !== unreadableLimit)
    : request.batch.commands.every(
        (command) => command.kind !== 'put' || !textOf(command.value).startsWith('unreadable'),
      );
}

function isRight(command: Command): boolean {
  return command.kind !== 'put' || !textOf(command.value).startsWith('never');
}

/** As a node has it: what can never be right is refused one by one, and the rest goes on in runs of its own. */
function validRuns(
  batch: CommandBatch,
): readonly { readonly run: CommandBatch; readonly isValid: boolean }[] {
  const { commands, firstNumber } = batch;
  const runs: { run: CommandBatch; isValid: boolean }[] = [];
  for (let start = 0; start < commands.length; ) {
    const first = start++;
    const isValid = isRight(commands[first]!);
    if (isValid) while (start < commands.length && isRight(commands[start]!)) start++;
    const run = { ...batch, firstNumber: firstNumber + first, commands: commands.slice(first, start) };
    runs.push({ run, isValid });
  }
  return runs;
}
