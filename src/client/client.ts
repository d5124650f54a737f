import { bytesOf } from '../foundation/bytes.ts';
import { TanistError } from '../foundation/errors.ts';
import { type LeaseId, nodeId, noLease, type Revision, revision } from '../foundation/ids.ts';
import { type Alarm, type AlarmKind, alarmKinds, type Policy } from '../ports/command.ts';
import type { Space } from '../ports/delta.ts';
import type { MemberRequest } from '../ports/membership.ts';
import type { PredictionsReport } from '../ports/prediction-status.ts';
import type {
  Bytes,
  CallOptions,
  PredictedAnswer,
  PredictedOptions,
  RangeAnswer,
  RangeOptions,
} from '../ports/state-client.ts';
import {
  decodeLeasesReply,
  decodePoliciesReply,
  decodeTransferReply,
  emptyMessage,
  encodeLeasesRequest,
  encodeTransferRequest,
  type LeaseStatus,
  type TransferReply,
} from '../protocol/operations/administration.ts';
import { type BackupChunk, decodeBackupChunk } from '../protocol/operations/backup.ts';
import {
  decodeMembersReply,
  encodeChangeMember,
  type MembersReply,
} from '../protocol/operations/membership.ts';
import {
  decodeScrubProgress,
  encodeRepairRequest,
  type ScrubProgress,
} from '../protocol/operations/scrub.ts';
import {
  decodeSnapshotsReply,
  encodeSnapshotsRequest,
  type SnapshotsReply,
} from '../protocol/operations/snapshots.ts';
import {
  decodePredictionsReply,
  encodePredictionsRequest,
  type PredictionsRequest,
} from '../protocol/predictions.ts';
import { type RawMethod, snapshotsService, tanistService } from '../protocol/services.ts';
import { byteStringFrom } from '../protocol/state-client/bytes.ts';
import {
  alarmsAnswer,
  noAnswer,
  predictedAnswer,
  rangeAnswer,
  revisionAnswer,
} from '../protocol/state-client/to-answer.ts';
import {
  confidenceOf,
  natural,
  oneOf,
  policyCommand,
  rangeRequest,
} from '../protocol/state-client/to-command.ts';
import type { Member, Routing } from '../protocol/status/routing.ts';
import { decodeStatus, type Status } from '../protocol/status/status.ts';
import { decodeTiersReply, type TiersReply } from '../protocol/status/tiers.ts';
import type { Cluster } from './cluster.ts';
import { callRefusal } from './core/call-refusal.ts';
import { Dependencies } from './dependencies.ts';
import type { ClientEvents } from './events.ts';
import { openChannel } from './grpc/channel.ts';
import { readAt } from './grpc/read-at.ts';
import { serverStream } from './grpc/server-stream.ts';
import { type UnaryOptions, unary } from './grpc/unary.ts';
import { keptLease, type Lease } from './lease.ts';
import { Models } from './models.ts';
import { allPredictions } from './predictions.ts';
import { StateView } from './state-view.ts';

/** Of one reply. */
const leasesAtOnce = 4096;

export interface ClientPolicy {
  readonly prefix: Uint8Array;
  readonly policy: Policy;
}

export interface ClientStats {
  /** Sent or waiting, not answered. */
  readonly unansweredCommands: number;
  readonly unansweredReads: number;
  /** Address of the member that commands go to; null while none is known. */
  readonly leaderAddress: string | null;
  /** Null: none open yet. */
  readonly session: number | null;
}

/**
 * A connection to a Tanist cluster; made by `connect`. It is the `StateClient` of its space and the way to the cluster's administration.
 *
 * Every command is numbered in a session and sent again after a failover, so it is applied exactly once. Calls made at the same
 * time may be applied in any order; await one before the next where the order matters. A call that fails with
 * `indeterminate` set may have been applied, any other failed call was not.
 */
export class TanistClient extends StateView implements AsyncDisposable {
  private readonly cluster: Cluster;
  /** The model that the cluster learns. */
  readonly models: Models;
  /** Which sandbox holds which dependency, at the cluster's own service. */
  readonly dependencies: Dependencies;

  constructor(space: Space, cluster: Cluster) {
    super(space, cluster);
    this.cluster = cluster;
    this.models = new Models((method, request, options, endpoint) =>
      this.call(method, request, options, endpoint),
    );
    // Whatever a sandbox says may be said twice.
    this.dependencies = new Dependencies((method, request, options) =>
      cluster.callLeader(method, request, { ...this.limited(options), mayRepeat: true }),
    );
  }

  /** Another key space over the same connection and session. */
  inSpace(space: Space): StateView {
    return new StateView(space, this.cluster);
  }

  /** Calls `listener` at every such event; the function it returns takes the listener away. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.cluster.listeners.on(name, listener);
  }

  /** Who leads (null: nobody at present) and who follows in line, as last heard. */
  routing(): Routing | null {
    return this.cluster.routing();
  }

  /** Why answers of some members are passed over: they are of another lineage, or cluster, than the one that is followed. Null: none are. */
  conflict(): TanistError | null {
    return this.cluster.conflict();
  }

  members(): readonly Member[] {
    return this.cluster.routing()?.members ?? [];
  }

  /** The present succession, then every change of leader, members or heirs. Slow readers get the newest only. */
  async *succession(options?: { readonly signal?: AbortSignal }): AsyncGenerator<Routing, void, undefined> {
    const signal = options?.signal;
    let latest = this.cluster.routing();
    let wake: (() => void) | null = null;
    const stop = this.on('routing', (routing) => {
      latest = routing;
      wake?.();
    });
    const ended = (): boolean => signal?.aborted === true || this.cluster.closing.aborted;
    const onEnd = (): void => wake?.();
    signal?.addEventListener('abort', onEnd, { once: true });
    this.cluster.closing.addEventListener('abort', onEnd, { once: true });
    try {
      while (!ended()) {
        const routing = latest;
        latest = null;
        if (routing !== null) yield routing;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      stop();
      signal?.removeEventListener('abort', onEnd);
      this.cluster.closing.removeEventListener('abort', onEnd);
    }
  }

  /** The status as the leader sees it, or as the member at `endpoint` does. */
  async status(options?: CallOptions & { readonly endpoint?: string }): Promise<Status> {
    return decodeStatus(await this.call(tanistService.status, emptyMessage, options, options?.endpoint));
  }

  /** What is predicted as the member at `endpoint` itself has it. Fails as `not-held` where it is not a hot one. */
  async getPredictedAt(endpoint: string, key: Bytes, options: PredictedOptions): Promise<PredictedAnswer> {
    const range = rangeRequest(this.space, key, options);
    const predicted = { minConfidence: confidenceOf(options.minConfidence) };
    const { outcome, ageMs } = await readAt(endpoint, range, this.limited(options), predicted);
    if (outcome instanceof TanistError) throw outcome;
    return predictedAnswer(outcome, ageMs);
  }

  /** A serializable read of the member at `endpoint` itself, of whatever tier: what it holds, with its revision and age. */
  async getAt(endpoint: string, key: Bytes, options?: RangeOptions): Promise<RangeAnswer> {
    const range = rangeRequest(this.space, key, options);
    const { outcome, ageMs } = await readAt(endpoint, range, this.limited(options));
    if (outcome instanceof TanistError) throw outcome;
    return rangeAnswer(outcome, ageMs);
  }

  /** What the cold replica at `endpoint` holds; with `take` after a new snapshot. Fails as `not-held` where the member is not a cold one. */
  async snapshots(endpoint: string, take: boolean, options?: CallOptions): Promise<SnapshotsReply> {
    return decodeSnapshotsReply(
      await this.call(
        snapshotsService.list,
        encodeSnapshotsRequest(take),
        { ...options, changes: take },
        endpoint,
      ),
    );
  }

  /** Hands leadership over to `to`, or to the first heir. Fails as `transfer-failed` when nobody is fit. */
  async transfer(to?: string, options?: CallOptions): Promise<TransferReply> {
    const request = encodeTransferRequest(to === undefined ? null : nodeId(to));
    return decodeTransferReply(
      await this.call(tanistService.transfer, request, { ...options, changes: true }),
    );
  }

  /**
   * All leases, without their keys, in order of their ids. Asked for in pages, each with the options' deadline: those granted or ended meanwhile may or may not
   * be among them.
   */
  async leases(options?: CallOptions): Promise<readonly LeaseStatus[]> {
    const all: LeaseStatus[] = [];
    for (let more = true; more; ) {
      const after = all.at(-1)?.id ?? noLease;
      const request = encodeLeasesRequest({ id: noLease, limit: leasesAtOnce, after });
      const page = decodeLeasesReply(await this.call(tanistService.leases, request, options));
      for (const lease of page.leases) all.push(lease);
      more = page.more && page.leases.length > 0;
    }
    return all;
  }

  /** One lease with its keys; null when there is none. */
  async leaseStatus(id: LeaseId, options?: CallOptions): Promise<LeaseStatus | null> {
    const request = encodeLeasesRequest({ id, limit: 0, after: noLease });
    return decodeLeasesReply(await this.call(tanistService.leases, request, options)).leases[0] ?? null;
  }

  /** Grants a lease, which the options are for, and keeps it alive by itself. */
  lease(ttlMs: number, options?: CallOptions): Promise<Lease> {
    return keptLease(this, ttlMs, options, this.cluster.closing);
  }

  /** What a node expects of its keys; by default the leader's. `limit` 0: of all, in as many calls as that takes. */
  async predictions(
    prefix: Bytes,
    { limit = 0, ...options }: CallOptions & { readonly limit?: number } = {},
  ): Promise<PredictionsReport> {
    const ask = async (request: PredictionsRequest): Promise<PredictionsReport> =>
      decodePredictionsReply(
        await this.call(tanistService.predictions, encodePredictionsRequest(request), options),
      );
    return allPredictions(ask, byteStringFrom(prefix), limit);
  }

  /** The tiers as the leader sees them, and what it would change. */
  async tiers(options?: CallOptions): Promise<TiersReply> {
    return decodeTiersReply(await this.call(tanistService.tiers, emptyMessage, options));
  }

  /** The members with what the cluster knows of them, as the leader does, or the member at `endpoint`. */
  async memberList(options?: CallOptions & { readonly endpoint?: string }): Promise<MembersReply> {
    return decodeMembersReply(
      await this.call(tanistService.members, emptyMessage, options, options?.endpoint),
    );
  }

  /**
   * Adds, promotes, removes a member or changes what is known of it; resolves to the members when it is committed. Fails as `member-exists`,
   * `member-removed`, `address-taken`, `unknown-member`, `not-a-learner`, `learner-not-ready`, `quorum-at-risk`, `configuration-change-pending`.
   */
  async changeMember(request: MemberRequest, options?: CallOptions): Promise<MembersReply> {
    return decodeMembersReply(
      await this.call(tanistService.changeMember, encodeChangeMember(request), { ...options, changes: true }),
    );
  }

  /** The state of the member at `endpoint` as the bytes of a backup file; see node/backup/. */
  async *backup(
    endpoint: string,
    options?: { readonly silenceMs?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<BackupChunk, void, undefined> {
    const channel = openChannel(endpoint);
    try {
      const stream = serverStream(channel, endpoint, tanistService.backup, emptyMessage, {
        silenceMs: options?.silenceMs ?? this.cluster.defaultDeadlineMs,
        ...(options?.signal === undefined ? {} : { signal: options.signal }),
      });
      for await (const message of stream) yield decodeBackupChunk(message);
    } finally {
      channel.close();
    }
  }

  /** The member at `endpoint` reads all that it has stored and compares it with what was written; says how far it is, at last what it found. */
  async *scrub(
    endpoint: string,
    options?: { readonly silenceMs?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<ScrubProgress, void, undefined> {
    const channel = openChannel(endpoint);
    try {
      const stream = serverStream(channel, endpoint, tanistService.scrub, emptyMessage, {
        silenceMs: options?.silenceMs ?? this.cluster.defaultDeadlineMs,
        ...(options?.signal === undefined ? {} : { signal: options.signal }),
      });
      for await (const message of stream) yield decodeScrubProgress(message);
    } finally {
      channel.close();
    }
  }

  /** The state of this member is wrong, an operator says: it is made anew from the leader's. */
  async repair(id: string, options?: CallOptions): Promise<void> {
    await this.call(tanistService.repair, encodeRepairRequest(nodeId(id)), { ...options, changes: true });
  }

  async policies(options?: CallOptions): Promise<readonly ClientPolicy[]> {
    const reply = decodePoliciesReply(await this.call(tanistService.policies, emptyMessage, options));
    return reply.map(({ prefix, policy }) => ({ prefix: bytesOf(prefix), policy }));
  }

  /** What holds for keys that start with `prefix`; the longest prefix wins. What is left out: acknowledged by the quorum, tier full, nothing predicted. */
  async setPolicy(prefix: Bytes, policy: Partial<Policy>, options?: CallOptions): Promise<void> {
    await this.machinery.session.submit(policyCommand(prefix, policy), options, noAnswer);
  }

  /** Fails as `policy-not-found` when there is none for exactly this prefix. */
  async removePolicy(prefix: Bytes, options?: CallOptions): Promise<void> {
    const command = { kind: 'removePolicy', prefix: byteStringFrom(prefix) } as const;
    await this.machinery.session.submit(command, options, noAnswer);
  }

  /** Forgets what this client's space held before `at`, but for the values that are still visible at it. */
  async compact(at: number, options?: CallOptions): Promise<Revision> {
    const command = {
      kind: 'compact',
      space: this.space,
      revision: revision(natural('revision', at)),
    } as const;
    return await this.machinery.session.submit(command, options, revisionAnswer);
  }

  /** Turns alarms of this kind off, of all members: space was made. Resolves to those that were on. */
  async disarm(kind: AlarmKind, options?: CallOptions): Promise<readonly Alarm[]> {
    const alarm = oneOf('the kind of alarm', alarmKinds, kind);
    const command = { kind: 'alarm', action: 'deactivate', member: nodeId(''), alarm } as const;
    return await this.machinery.session.submit(command, options, alarmsAnswer);
  }

  stats(): ClientStats {
    const { core } = this.machinery.session;
    return {
      unansweredCommands: core.unansweredCommands,
      unansweredReads: core.unansweredReads,
      leaderAddress: this.cluster.leaderAddress(),
      session: core.phase.state === 'open' ? core.phase.id : null,
    };
  }

  /**
   * Waits up to `drainMs` (default 1000) for what is under way, ends the session and disconnects. What is still unanswered then
   * fails as `closed`.
   */
  close(options?: { readonly drainMs?: number }): Promise<void> {
    return this.cluster.close(options?.drainMs ?? 1000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private limited(options: Partial<UnaryOptions> | undefined): UnaryOptions {
    if (this.cluster.closing.aborted) throw new TanistError('closed', 'the client is closed');
    return { ...options, deadlineMs: options?.deadlineMs ?? this.cluster.defaultDeadlineMs };
  }

  /** A call to the leader, found again after a failover, or to one endpoint. */
  private async call(
    method: RawMethod,
    request: Buffer,
    options: Partial<UnaryOptions> | undefined,
    endpoint?: string,
  ): Promise<Buffer> {
    const limited = this.limited(options);
    if (endpoint === undefined) return await this.cluster.callLeader(method, request, limited);
    const refusal = callRefusal(limited);
    if (refusal !== null) throw refusal;
    const channel = openChannel(endpoint);
    try {
      return await unary(channel, endpoint, method, request, limited);
    } catch (error) {
      if (!(error instanceof TanistError) || error.code !== 'deadline-exceeded') throw error;
      const { indeterminate } = error;
      throw new TanistError('unavailable', `${endpoint} did not answer within ${limited.deadlineMs} ms`, {
        cause: error,
        indeterminate,
      });
    } finally {
      channel.close();
    }
  }
}
