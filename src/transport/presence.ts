import type { NodeId } from '../foundation/ids.ts';
import type { PeerIdentity } from '../ports/log-store.ts';
import type { LossReason, TransportHandler } from '../ports/transport.ts';

/**
 * Makes one story of a peer's two streams: connected when both are up with the same incarnation, disconnected at the first sign of
 * a loss, once a loss; after that a different reason (it dropped, and now it refuses) is reported once as well.
 */
export class Presence {
  private ours: PeerIdentity | null = null;
  private theirs: PeerIdentity | null = null;
  /** Of its stream to us, which has not broken although its process is said to have ended. */
  private doubted: PeerIdentity | null = null;
  private reported: 'connected' | LossReason | null = null;
  private readonly peer: NodeId;
  private readonly handler: Pick<TransportHandler<never>, 'connected' | 'disconnected'>;

  constructor(peer: NodeId, handler: Pick<TransportHandler<never>, 'connected' | 'disconnected'>) {
    this.peer = peer;
    this.handler = handler;
  }

  /** Our stream to the peer was accepted, by this incarnation. */
  outboundUp(identity: PeerIdentity): void {
    this.ours = identity;
    // It answers anew, so that was wrong: its stream counts again, which it has no reason to make anew.
    if (this.doubted?.incarnation === identity.incarnation) this.theirs = this.doubted;
    this.doubted = null;
    this.maybeConnected();
  }

  /** Its stream to us was accepted. */
  inboundUp(identity: PeerIdentity): void {
    if (this.theirs !== null && this.theirs.incarnation !== identity.incarnation) this.lost('dropped');
    this.theirs = identity;
    this.doubted = null;
    this.maybeConnected();
  }

  outboundLost(reason: LossReason): void {
    this.ours = null;
    this.lost(reason);
  }

  inboundLost(reason: LossReason): void {
    this.theirs = null;
    this.doubted = null;
    this.lost(reason);
  }

  /** Its process has ended. Streams that have not broken yet count no more: only an answer on a new one shows that it lives. */
  gone(): void {
    this.ours = null;
    this.doubted = this.theirs ?? this.doubted;
    this.theirs = null;
    this.lost('gone');
  }

  private maybeConnected(): void {
    const { ours, theirs } = this;
    if (ours === null || theirs === null || ours.incarnation !== theirs.incarnation) return;
    if (this.reported === 'connected') return;
    this.reported = 'connected';
    this.handler.connected(this.peer, theirs);
  }

  private lost(reason: LossReason): void {
    if (this.reported === reason || (this.reported !== 'connected' && reason === 'dropped')) return;
    this.reported = reason;
    this.handler.disconnected(this.peer, reason);
  }
}
