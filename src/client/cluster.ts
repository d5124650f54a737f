import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Metadata } from '@grpc/grpc-js';
import { bytesOf } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import { type LeaseId, noSession } from '../foundation/ids.ts';
import { seededRandom } from '../foundation/random.ts';
import type { CallOptions } from '../ports/state-client.ts';
import { decodeKeepAliveReply, encodeKeepAliveRequest } from '../protocol/operations/administration.ts';
import { type RawMethod, tanistService } from '../protocol/services.ts';
import { leaderAddressOf, type Routing } from '../protocol/status/routing.ts';
import { callRefusal } from './core/call-refusal.ts';
import { conflictAlone, conflictError } from './core/lineage-conflict.ts';
import type { SessionOptions } from './core/options.ts';
import type { PendingCommand } from './core/pending.ts';
import { isOfAnother, leaderAddress } from './core/router.ts';
import { verdictOn } from './core/verdict.ts';
import { Listeners } from './events.ts';
import { followed } from './grpc/followed.ts';
import type { Link } from './grpc/link.ts';
import { Links } from './grpc/links.ts';
import { SessionRunner } from './grpc/session-runner.ts';
import { type UnaryOptions, unary } from './grpc/unary.ts';
import { WatchRunner } from './grpc/watch-runner.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import type { Machinery } from './state-view.ts';

export interface ClusterOptions {
  readonly endpoints: readonly string[];
  readonly deadlineMs: number;
  readonly session: SessionOptions;
}

const retryMs = 5;
/** What a rest of `retryMs` counts for at most: beyond it this process stood still, and could hear nobody. */
const longestRestMs = 50;
/** Until a member is asked again that could not for now. */
const laterMs = 50;

/** The connections of one client, and what runs on them. */
export class Cluster implements Machinery {
  readonly session: SessionRunner;
  readonly watches: WatchRunner;
  readonly leases: LeaseKeeper;
  readonly listeners = new Listeners();
  readonly defaultDeadlineMs: number;
  private readonly links: Links;
  private readonly closer = new AbortController();
  private announced = '';
  private closed: Promise<void> | null = null;

  constructor(options: ClusterOptions) {
    this.defaultDeadlineMs = options.deadlineMs;
    // Every kept lease listens, and there may be thousands.
    setMaxListeners(0, this.closer.signal);
    this.links = new Links(options.endpoints, {
      routing: (address, routing) => this.session.routed(address, routing),
      up: (address) => {
        this.session.linkUp(address);
        this.watches.reroute();
      },
      down: (address, error) => {
        this.session.linkDown(address);
        this.watches.reroute();
        this.listeners.emit('disconnected', { address, error });
      },
    });
    const random = seededRandom(randomBytes(16).toString('hex'));
    this.session = new SessionRunner(
      options.endpoints,
      this.links,
      options.session,
      random,
      options.deadlineMs,
      {
        lost: (lost) => this.tellLost(lost),
        routing: (routing) => this.followRouting(routing),
        conflict: (conflict) => {
          this.watches.reroute();
          this.listeners.emit('conflict', { address: conflict.address, error: conflictError(conflict) });
        },
      },
    );
    this.watches = new WatchRunner(
      (refusers) => this.watchLink(refusers),
      () => this.followed(),
    );
    this.leases = new LeaseKeeper((ids, callOptions) => this.renew(ids, callOptions));
  }

  get closing(): AbortSignal {
    return this.closer.signal;
  }

  routing(): Routing | null {
    return this.session.core.router.routing;
  }

  followed(): Metadata {
    return followed(this.session.core.router.lineage);
  }

  leaderAddress(): string | null {
    return leaderAddress(this.session.core.router);
  }

  /** Until a member has answered, for `connectMs`, of which a standstill of this process is no part. Fails as `not-tanist` or `unavailable`, naming the endpoints; as `cancelled`. */
  async connected(connectMs: number, signal: AbortSignal | undefined): Promise<void> {
    const cancelled = (): TanistError => new TanistError('cancelled', 'connecting was cancelled');
    if (signal?.aborted) throw cancelled();
    this.links.open();
    let leftMs = connectMs;
    while (this.links.anyUp() === null) {
      const failure = this.links.failure();
      if (failure?.code === 'not-tanist' || leftMs <= 0) throw failure ?? this.links.silence(connectMs);
      const lookedMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      leftMs -= Math.min(performance.now() - lookedMs, longestRestMs);
      if (signal?.aborted) throw cancelled();
    }
  }

  /**
   * Calls the leader; a member that turns out not to lead is left for the next one, until the deadline, and so is one whose connection broke, unless the call
   * `changes` something and was sent. With `mayRepeat`, for a call that
   * may well be made twice, every failure that may pass is waited out, and a new leader is asked as soon as it is there.
   */
  async callLeader(
    method: RawMethod,
    request: Buffer,
    options: UnaryOptions & { readonly mayRepeat?: boolean },
  ): Promise<Buffer> {
    const refusal = callRefusal(options);
    if (refusal !== null) throw refusal;
    const giveUpMs = performance.now() + options.deadlineMs;
    let failure = new TanistError('no-leader', 'no leader is known');
    const refusers = new Set<string>();
    for (;;) {
      const leftMs = giveUpMs - performance.now();
      if (leftMs <= 0)
        throw failure.code === 'not-leader' ? nobodyLeads(options.deadlineMs, failure) : failure;
      if (this.closing.aborted) throw new TanistError('closed', 'the client is closed');
      if (options.signal?.aborted) throw new TanistError('cancelled', 'the call was cancelled');
      const link = this.nextToAsk(refusers);
      if (link === null) failure = conflictAlone(this.session.core.router) ?? failure;
      let waitMs = retryMs;
      if (link !== null) {
        const attempt = options.mayRepeat === true ? this.untilNextLeader(options.signal) : null;
        const signal = attempt?.signal ?? options.signal;
        try {
          return await unary(link.channel, link.address, method, request, {
            metadata: this.followed(),
            ...(signal === undefined ? {} : { signal }),
            deadlineMs: leftMs,
            changes: options.changes ?? false,
          });
        } catch (error) {
          if (!(error instanceof TanistError) || options.signal?.aborted) throw error;
          // Not by the caller: a new leader is there.
          const isCut = attempt !== null && error.code === 'cancelled';
          const verdict = isCut ? 'elsewhere' : verdictOn(error);
          const isOver = options.mayRepeat === true ? verdict === 'fail' : verdict !== 'elsewhere';
          if (isOver || (error.indeterminate && options.mayRepeat !== true)) throw error;
          if (verdict === 'later') waitMs = laterMs;
          if (verdict === 'elsewhere') refusers.add(link.address);
          failure = error;
        } finally {
          attempt?.release();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** A member of another lineage answers beside those that this client follows; null: none does. */
  conflict(): TanistError | null {
    const { conflict } = this.session.core.router;
    return conflict === null ? null : conflictError(conflict);
  }

  private async renew(ids: readonly LeaseId[], options: CallOptions | undefined): Promise<readonly number[]> {
    const deadlineMs = options?.deadlineMs ?? this.defaultDeadlineMs;
    const giveUpMs = performance.now() + deadlineMs;
    const request = encodeKeepAliveRequest(ids);
    const repeated = { ...options, deadlineMs, mayRepeat: true };
    try {
      return decodeKeepAliveReply(await this.callLeader(tanistService.keepAlive, request, repeated));
    } catch (error) {
      if (!(error instanceof TanistError) || !error.retryable || performance.now() < giveUpMs) throw error;
      const message = `no answer within ${deadlineMs} ms: ${error.message}`;
      throw new TanistError('deadline-exceeded', message, { cause: error });
    }
  }

  /** Aborts with the caller's own signal, and when another leader announces itself: one that stands still answers nothing. */
  private untilNextLeader(own: AbortSignal | undefined): {
    readonly signal: AbortSignal;
    readonly release: () => void;
  } {
    const moved = new AbortController();
    const abort = (): void => moved.abort();
    const stop = this.listeners.on('leader', abort);
    own?.addEventListener('abort', abort, { once: true });
    const release = (): void => {
      stop();
      own?.removeEventListener('abort', abort);
    };
    return { signal: moved.signal, release };
  }

  close(drainMs: number): Promise<void> {
    this.closed ??= this.shutDown(drainMs);
    return this.closed;
  }

  private async shutDown(drainMs: number): Promise<void> {
    this.closer.abort();
    const giveUpMs = performance.now() + drainMs;
    this.watches.close(new TanistError('closed', 'the client is closed'));
    await this.session.drained(giveUpMs);
    const { phase } = this.session.core;
    if (phase.state === 'open' && phase.id !== noSession) await this.session.endSession(phase.id, giveUpMs);
    this.session.close();
    this.links.close();
  }

  /** The leader, where one is known; else each member in turn. */
  private nextToAsk(refusers: Set<string>): Link | null {
    if (this.leaderAddress() !== null) return this.watchLink();
    const link = this.watchLink(refusers);
    if (link !== null && refusers.has(link.address)) refusers.clear();
    return link;
  }

  private watchLink(refusers?: { has(address: string): boolean }): Link | null {
    const leader = this.leaderAddress();
    if (leader !== null && refusers?.has(leader) !== true) return this.links.at(leader);
    const { router } = this.session.core;
    return this.links.anyUp(refusers, (address) => isOfAnother(router, address));
  }

  private followRouting(routing: Routing): void {
    if (this.closing.aborted) return;
    this.links.follow(routing);
    this.watches.reroute();
    this.listeners.emit('routing', routing);
    if (routing.leader === null) return;
    const mark = `${routing.leader} ${routing.term}`;
    if (mark === this.announced) return;
    this.announced = mark;
    const address = leaderAddressOf(routing) ?? '';
    this.listeners.emit('leader', { id: routing.leader, address, term: routing.term });
  }

  private tellLost(lost: readonly PendingCommand<unknown>[]): void {
    const puts = lost.flatMap(({ command, error }) =>
      command.kind === 'put' && error !== null
        ? [{ key: bytesOf(command.key), value: bytesOf(command.value), error }]
        : [],
    );
    this.listeners.emit('lost', puts);
  }
}

function nobodyLeads(waitedMs: number, cause: TanistError): TanistError {
  return new TanistError(
    'no-leader',
    `no member leads, for ${waitedMs} ms now; try again when there is a leader`,
    { cause },
  );
}
