import { asError, TanistError } from '../../foundation/errors.ts';
import type { NodeId } from '../../foundation/ids.ts';
import { type PeerIdentity, presentedOf, type StoreIdentity } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { Revisions } from '../../ports/replication.ts';
import type { LossReason, ProbeAnswer } from '../../ports/transport.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';
import type { ReplicaBook } from '../beyond/replica-book.ts';
import type { Snapshots } from '../image/snapshots.ts';
import type { Integrity } from '../integrity/integrity.ts';
import { parseVerdicts } from '../integrity/verdict.ts';
import type { LeaderMonitor } from '../leading/leader-monitor.ts';
import { parseLeaderRevisions } from '../leading/leader-revisions.ts';
import type { SuccessionKeeper } from '../leading/succession-keeper.ts';
import type { Membership } from '../membership/membership.ts';
import type { UsageBook } from '../prediction/behaviour/usage-book.ts';
import type { ModelComparison } from '../prediction/model-comparison.ts';
import { type Life, removedText } from '../refusals.ts';
import type { PeerConnections } from './peer-connections.ts';
import type { PeerGuard } from './peer-guard.ts';

export interface PeerHandlerParts {
  readonly self: NodeId;
  readonly identity: StoreIdentity;
  readonly raft: Raft;
  readonly nodeLog: NodeLog;
  readonly life: Life;
  readonly guard: PeerGuard;
  readonly connections: PeerConnections;
  readonly membership: Membership;
  readonly monitor: LeaderMonitor;
  readonly succession: SuccessionKeeper;
  readonly integrity: Integrity;
  readonly snapshots: Snapshots;
  readonly comparison: ModelComparison;
  readonly usages: UsageBook;
  readonly replicas: ReplicaBook;
  /** This node is no member any more. */
  readonly removed: () => void;
  readonly wake: () => void;
  /** At once, as far as an election waits for it. */
  readonly hurry: () => void;
  readonly guarding: (act: Promise<void>) => void;
  readonly failed: (error: Error) => void;
}

/** What peers do and say, told to all whom it concerns. */
export class PeerHandler {
  readonly #parts: PeerHandlerParts;
  #leaderRevisions: Revisions | null = null;

  constructor(parts: PeerHandlerParts) {
    this.#parts = parts;
  }

  /** What a leader last said that it had applied; null: nothing. */
  get leaderRevisions(): Revisions | null {
    return this.#leaderRevisions;
  }

  async hello(peer: NodeId, identity: PeerIdentity, clusterId: string, address: string): Promise<void> {
    const { guard, membership } = this.#parts;
    if (membership.isRemoved(peer)) throw new TanistError('member-removed', removedText(peer));
    this.#refuseSecond(peer, identity);
    await guard.hello(peer, identity, clusterId);
    membership.met(peer, address);
  }

  /** Only who has applied the removal says so, and it is for ever. */
  rejected(_peer: NodeId, detail: string): void {
    if (detail === removedText(this.#parts.self)) this.#parts.removed();
  }

  received(from: NodeId, messages: readonly RaftMessage[]): void {
    const { life, monitor, succession, raft, wake, hurry } = this.#parts;
    if (life.isStopped) return;
    monitor.heard(messages);
    this.#hearOfPeers(messages);
    succession.heard(from, messages);
    this.#hearOfIntegrity(from, messages);
    const { unsettled } = raft;
    this.step(messages);
    if (unsettled || raft.unsettled) hurry();
    else wake();
  }

  step(messages: readonly RaftMessage[]): void {
    const { raft, failed } = this.#parts;
    try {
      for (const message of messages) raft.step(message);
    } catch (error) {
      failed(asError(error));
    }
  }

  connected(peer: NodeId, { storeId }: PeerIdentity): void {
    const { raft, nodeLog, connections, succession, wake } = this.#parts;
    nodeLog.info('peer-connected', { peer });
    connections.connected(peer, storeId);
    succession.connected(peer);
    raft.peerReset(peer);
    wake();
  }

  disconnected(peer: NodeId, reason: LossReason): void {
    const { nodeLog, connections, monitor, guard, guarding, membership } = this.#parts;
    nodeLog.info('peer-disconnected', { peer, reason });
    if (reason === 'refused' || reason === 'gone') membership.gone(peer);
    connections.disconnected(peer);
    monitor.disconnected(peer, reason);
    guarding(guard.disconnected(peer));
  }

  probed(): ProbeAnswer {
    const { self, identity, raft, monitor } = this.#parts;
    const { term, leader, role } = raft.status;
    return {
      id: self,
      identity: presentedOf(identity),
      term,
      leader,
      leaderHeardMs: role === 'leader' || leader === null ? null : monitor.silentMs(),
    };
  }

  snapshot(...incoming: Parameters<Snapshots['receive']>): Promise<void> {
    return this.#parts.snapshots.receive(...incoming);
  }

  /**
   * A second process under the id of a peer that is alive, on a folder of its own, is a mistake. Once the peer is disconnected (followers have
   * nothing to say to each other, so silence alone means nothing) and has been silent for as long as is suspicious, the other store takes its
   * place: then its disk was replaced.
   */
  #refuseSecond(peer: NodeId, { storeId }: PeerIdentity): void {
    const { guard, succession, connections } = this.#parts;
    const known = guard.identityOf(peer);
    if (known === null || known.storeId === storeId || guard.doubted.has(peer)) return;
    const { silentMs, patienceMs } = succession.view(peer).measurements;
    if (connections.runsOnAnother(peer, storeId) || silentMs < patienceMs)
      throw new TanistError(
        'duplicate-node',
        `another process is alive as ${peer}, on another data folder: every node needs an id of its own`,
      );
  }

  #hearOfPeers(messages: readonly RaftMessage[]): void {
    const { raft, guard, integrity, monitor, comparison, usages, replicas, guarding } = this.#parts;
    for (const message of messages) {
      if (message.type !== 'heartbeat' || message.term !== raft.status.term) continue;
      guarding(guard.leaderSays(message.context));
      integrity.leaderSays(message.context);
      usages.leaderSays(message.context);
      replicas.leaderSays(message.context);
      const odd = parseVerdicts(message.context).some(({ id }) => id === message.from);
      const doubt = odd
        ? "its digest is not the majority's"
        : comparison.leaderSays(message.from, message.context);
      if (doubt !== undefined) monitor.doubtLeader(doubt);
      this.#leaderRevisions = parseLeaderRevisions(message.context) ?? this.#leaderRevisions;
    }
  }

  #hearOfIntegrity(from: NodeId, messages: readonly RaftMessage[]): void {
    const { raft, succession, integrity } = this.#parts;
    if (raft.status.role !== 'leader') return;
    if (!messages.some(({ type }) => type === 'heartbeatReply')) return;
    const report = succession.reportOf(from)?.integrity ?? null;
    integrity.heard(from, report);
    if (report !== null && report.doubt !== null) integrity.waits(from);
  }
}
