import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { ImageReceiver, ImageStore } from '../ports/image-store.ts';
import type { LogPoint, LogStore } from '../ports/log-store.ts';
import type { NodeLog } from '../ports/node-log.ts';
import type { OutgoingSnapshot, Transport } from '../ports/transport.ts';
import { decodeConfiguration, encodeConfiguration } from '../raft/configuration.ts';
import type { RaftMessage } from '../raft/message.ts';
import type { Raft } from '../raft/raft.ts';

export interface SnapshotsOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly log: LogStore;
  readonly image: ImageStore;
  readonly transport: Transport<RaftMessage>;
  readonly nodeLog: NodeLog;
  /** Brings all that was applied into the image. */
  readonly settle: () => Promise<void>;
  /** Loads the state anew from the image. */
  readonly reload: () => Promise<void>;
  readonly step: (message: RaftMessage) => void;
  readonly wake: () => void;
}

/** Sends an image to a peer whose log is too far behind, and takes one over in place of log and state. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #received: { readonly point: LogPoint; readonly receiver: ImageReceiver } | null = null;
  #receiving = false;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  send(to: NodeId): void {
    const { raft, nodeLog, wake } = this.#options;
    this.#send(to).then(
      (point) => {
        nodeLog.info('snapshot-sent', { to, index: point.index });
        raft.snapshotSent(to, point);
        wake();
      },
      (error: unknown) => {
        nodeLog.warn('snapshot-failed', { to, error: String(error) });
        raft.snapshotSent(to, null);
        wake();
      },
    );
  }

  async #send(to: NodeId): Promise<LogPoint> {
    const { raft, image, transport, settle } = this.#options;
    await settle();
    const snapshot = await image.snapshot();
    try {
      const { point, configuration } = snapshot.applied;
      await transport.sendSnapshot(to, {
        point,
        term: raft.status.term,
        header: encodeConfiguration(configuration),
        chunks: snapshot.chunks,
      });
      return point;
    } finally {
      await snapshot.close();
    }
  }

  /** Takes a peer's image onto the disk, beside our own; Raft then decides whether it is to replace ours. */
  async receive(from: NodeId, incoming: OutgoingSnapshot): Promise<void> {
    const { self, raft, image, nodeLog, step, wake } = this.#options;
    if (this.#receiving)
      throw new TanistError('overloaded', `${self} already takes a snapshot; try again later`);
    if (incoming.point.index <= raft.status.commit) return;
    this.#receiving = true;
    try {
      await this.#received?.receiver.abort();
      this.#received = null;
      const receiver = await image.receive();
      try {
        for await (const chunk of incoming.chunks) await receiver.write(chunk);
      } catch (error) {
        await receiver.abort();
        throw error;
      }
      this.#received = { point: incoming.point, receiver };
      nodeLog.info('snapshot-received', { from, index: incoming.point.index });
      const configuration = decodeConfiguration(incoming.header);
      step({
        type: 'installSnapshot',
        from,
        to: self,
        term: incoming.term,
        point: incoming.point,
        configuration,
      });
      wake();
    } finally {
      this.#receiving = false;
    }
  }

  /** Image first, log after it: a crash in between is finished when the store is opened. */
  async install(point: LogPoint): Promise<void> {
    const received = this.#received;
    this.#received = null;
    if (received === null || received.point.index !== point.index) {
      throw new TanistError('data-damaged', `no received snapshot for index ${point.index}`);
    }
    const { raft, log, reload } = this.#options;
    await received.receiver.commit();
    await log.reset(point, { term: raft.status.term, vote: raft.status.vote });
    await reload();
  }
}
