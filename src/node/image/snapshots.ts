import { asError, TanistError } from '../../foundation/errors.ts';
import type { LogIndex, NodeId, Term } from '../../foundation/ids.ts';
import type { ImageReceiver, ImageStore } from '../../ports/image-store.ts';
import type { Configuration, LogPoint, LogStore } from '../../ports/log-store.ts';
import type { NodeLog } from '../../ports/node-log.ts';
import type { OutgoingSnapshot, Transport } from '../../ports/transport.ts';
import { decodeConfiguration, encodeConfiguration } from '../../raft/configuration.ts';
import type { RaftMessage } from '../../raft/message.ts';
import type { Raft } from '../../raft/raft.ts';

export interface SnapshotsOptions {
  readonly self: NodeId;
  readonly raft: Raft;
  readonly log: LogStore;
  readonly image: ImageStore;
  readonly transport: Transport<RaftMessage>;
  readonly nodeLog: NodeLog;
  /** Brings all that was applied into the image. */
  readonly settle: () => Promise<void>;
  /** Image and state are about to be replaced: nobody reads or writes either from when this resolves. */
  readonly suspend: () => Promise<void>;
  /** The disk refused a write for want of room; resolves when it is worth trying again. */
  readonly room: () => Promise<void>;
  /** Loads the state anew from the image. */
  readonly reload: () => Promise<void>;
  /** Image and state are another's now, and whole. */
  readonly resume: () => void;
  /** They are what they were before `suspend`. */
  readonly undone: () => void;
  /** The state is not whole, and waits for a peer's image although the log has all that the image stands for. */
  readonly waits: () => boolean;
  /** Applies what the log has beyond the image. */
  readonly catchUp: (from: LogPoint) => Promise<void>;
  /** Resolves when the state at `index` is known to be right, or cannot be known to be. */
  readonly confirmed: (index: LogIndex, to: NodeId) => Promise<void>;
  /** Our own image is not what was written. */
  readonly damaged: (error: TanistError) => void;
  readonly failed: (error: Error) => void;
  readonly step: (message: RaftMessage) => void;
  readonly wake: () => void;
}

/** Sends an image to a peer whose log is too far behind, and takes one over in place of log and state. */
export class Snapshots {
  readonly #options: SnapshotsOptions;
  #received: { readonly point: LogPoint; readonly receiver: ImageReceiver } | null = null;
  #receiving = false;
  #installing = false;

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

  /** To a replica whose log is as it should be, but not its state. */
  sendImage(to: NodeId): void {
    const { nodeLog } = this.#options;
    this.#send(to).then(
      (point) => nodeLog.info('snapshot-sent', { to, index: point.index, for: 'its rebuild' }),
      (error: unknown) => nodeLog.warn('snapshot-failed', { to, error: String(error) }),
    );
  }

  async #send(to: NodeId): Promise<LogPoint> {
    const { raft, image, transport, settle } = this.#options;
    const { term } = raft.status;
    await settle();
    this.#stillLeads(term);
    const snapshot = await image.snapshot();
    try {
      const { point, configuration } = snapshot.applied;
      await this.#options.confirmed(point.index, to);
      this.#stillLeads(term);
      await transport.sendSnapshot(to, {
        point,
        term,
        header: encodeConfiguration(configuration),
        chunks: this.#read(snapshot.chunks),
      });
      return point;
    } finally {
      await snapshot.close();
    }
  }

  async *#read(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      if (error instanceof TanistError && error.code === 'data-damaged') this.#options.damaged(error);
      throw error;
    }
  }

  /** Who receives a snapshot takes its term's leader to be the sender (Raft §5.2), so nobody else may send one. */
  #stillLeads(term: Term): void {
    const { role, term: now } = this.#options.raft.status;
    if (role !== 'leader' || now !== term)
      throw new TanistError('not-leader', 'leadership was lost meanwhile');
  }

  /** Takes a peer's image onto the disk, beside our own; Raft then decides whether it is to replace ours. */
  async receive(from: NodeId, incoming: OutgoingSnapshot): Promise<void> {
    const { self, raft, image, log, nodeLog, step, wake } = this.#options;
    if (this.#receiving || this.#installing || this.#isWanted())
      throw new TanistError('overloaded', `${self} already takes a snapshot; try again later`);
    const rebuilds = this.#options.waits();
    if (incoming.point.index <= raft.status.commit && !rebuilds) return;
    if (rebuilds && incoming.point.index < log.compactedIndex)
      throw new TanistError(
        'unavailable',
        `${self} no longer has the entries that follow; send a later image`,
      );
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
      if (incoming.term < raft.status.term) {
        await receiver.abort();
        throw new TanistError('not-leader', `${from} leads no longer`);
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
      if (this.#options.waits() && raft.status.commit >= incoming.point.index)
        await this.#rebuild(incoming.point, configuration);
    } finally {
      this.#receiving = false;
    }
  }

  /** The log has all that the image stands for: the image alone is replaced, what it replaces is kept, and the log's entries follow. */
  async #rebuild(point: LogPoint, configuration: Configuration): Promise<void> {
    const { raft, suspend, reload, catchUp, resume, failed } = this.#options;
    const received = this.#received;
    this.#received = null;
    if (received === null) return;
    this.#installing = true;
    try {
      await suspend();
      await received.receiver.commit({ keepOld: true });
      raft.rebased(point, configuration);
      await reload();
      await catchUp(point);
      resume();
    } catch (error) {
      // It goes on waiting, and is sent another one.
      if (!(error instanceof TanistError) || error.code === 'storage-failed') failed(asError(error));
      throw error;
    } finally {
      this.#installing = false;
    }
  }

  /** Raft took what was received last, and will hand it out to be installed, unless its log has come as far by itself. */
  #isWanted(): boolean {
    return this.#received !== null && this.#received.point.index > this.#options.raft.status.commit;
  }

  /**
   * Image first, log after it: a crash in between is finished when the store is opened. False: it could not be taken over, and
   * everything is as before.
   */
  async install(point: LogPoint): Promise<boolean> {
    this.#installing = true;
    try {
      return await this.#install(point);
    } finally {
      this.#installing = false;
    }
  }

  async #install(point: LogPoint): Promise<boolean> {
    const received = this.#received;
    this.#received = null;
    if (received === null || received.point.index !== point.index) {
      throw new TanistError('data-damaged', `no received snapshot for index ${point.index}`);
    }
    const { nodeLog, suspend, room, reload, resume, undone } = this.#options;
    await suspend();
    try {
      await received.receiver.commit({ keepOld: this.#options.waits() });
    } catch (error) {
      if (!(await this.#leftImageAlone(error))) throw error;
      nodeLog.warn('snapshot-failed', { index: point.index, error: String(error) });
      undone();
      return false;
    }
    while (!(await this.#resetLog(point))) await room();
    await reload();
    resume();
    return true;
  }

  /** False: there was no room. The image is the new one already, so there is no way back. */
  async #resetLog(point: LogPoint): Promise<boolean> {
    const { raft, log } = this.#options;
    try {
      await log.reset(point, { term: raft.status.term, vote: raft.status.vote });
      return true;
    } catch (error) {
      if (!(error instanceof TanistError) || error.code !== 'disk-full') throw error;
      return false;
    }
  }

  /** Before the swap of images nothing is lost by a full disk or a snapshot that is not whole; after it the old image is closed. */
  async #leftImageAlone(error: unknown): Promise<boolean> {
    if (!(error instanceof TanistError) || (error.code !== 'disk-full' && error.code !== 'data-damaged'))
      return false;
    try {
      await this.#options.image.flush({ sync: false });
      return true;
    } catch (flushError) {
      return flushError instanceof TanistError && flushError.code === 'disk-full';
    }
  }
}
