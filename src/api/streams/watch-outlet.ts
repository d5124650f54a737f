import type { ServerDuplexStream } from '@grpc/grpc-js';
import { limits } from '../../foundation/limits.ts';
import type { WatchHandle } from '../../node/node.ts';
import { ClientStream, type ClientStreamOptions } from '../services/client-stream.ts';
import { Frames, type Piece } from './frames.ts';
import { sharesOf, type WatchShare, type WatchShares } from './watch-shares.ts';

/** Watches stop feeding long before; only a client that sends requests and reads no answers gets here. */
const mostWaitingBytes = 2 * limits.messageBytes + limits.watcherQueueBytes;
/** Messages gathered before they are written. */
const gatheredBytes = 256 * 1024;
/** Events encoded in one turn of the event loop; the rest of a revision that deleted very much follows in the next ones. */
const turnEvents = 8192;

export interface OutletReply {
  /** Of the watch, in this stream. */
  readonly id: number;
  /** A part of what a watch brings, which may wait; everything else is small and written at once. */
  readonly isPart: boolean;
  /** Of a part: how many events are to be encoded. */
  readonly count?: number;
}

export interface WatchOutletOptions<Reply>
  extends Pick<ClientStreamOptions, 'received' | 'endWith' | 'busy'> {
  readonly encode: (reply: Reply) => Piece;
  readonly closed?: () => void;
}

interface HeldWatch {
  readonly handle: WatchHandle;
  readonly shares: number;
}

/**
 * What many watches say, on one client's stream. A client that reads slowly is fed from history when it reads again; nothing is dropped or
 * reordered. What one turn of the event loop brings is written at once.
 */
export class WatchOutlet<Reply extends OutletReply> {
  readonly #encode: (reply: Reply) => Piece;
  readonly #stream: ClientStream;
  readonly #share: WatchShare;
  readonly #watches = new Map<number, HeldWatch>();
  /** What of a revision larger than all that may wait is still to be written. */
  #rest: Reply[] = [];
  #gathered: Piece[] = [];
  #gatheredBytes = 0;
  #full = false;
  #turnEvents = 0;
  #nextTurn = false;

  constructor(
    call: ServerDuplexStream<Buffer, Buffer>,
    shares: WatchShares,
    options: WatchOutletOptions<Reply>,
  ) {
    this.#encode = options.encode;
    this.#share = shares.of(call);
    this.#stream = new ClientStream(call, {
      ...options,
      closed: () => {
        this.#closed();
        options.closed?.();
      },
      taken: () => this.#taken(),
      mostWaitingBytes,
    });
  }

  /** Of watches that have not ended. */
  get count(): number {
    return this.#watches.size;
  }

  /** The connection has as many watches as it may: no other is to be added. */
  get isShareUsedUp(): boolean {
    return this.#share.isUsedUp;
  }

  has(id: number): boolean {
    return this.#watches.has(id);
  }

  get(id: number): WatchHandle | undefined {
    return this.#watches.get(id)?.handle;
  }

  add(id: number, handle: WatchHandle, keyBytes: number): void {
    if (!this.#stream.open) {
      handle.cancel();
      return;
    }
    const shares = sharesOf(keyBytes);
    this.#watches.set(id, { handle, shares });
    this.#share.add(shares);
  }

  /** The watch has ended by itself. */
  ended(id: number): void {
    const watch = this.#watches.get(id);
    if (watch === undefined) return;
    this.#watches.delete(id);
    this.#share.add(-watch.shares);
  }

  /** Nothing more of it is written. */
  cancel(id: number): void {
    this.#watches.get(id)?.handle.cancel();
    this.ended(id);
    this.#rest = this.#rest.filter((reply) => reply.id !== id);
  }

  /**
   * Behind what is still to be written of the same watch; parts wait while the client takes nothing. False: the client does not keep up;
   * the watch must wait until it is resumed. Never throws: the hub calls.
   */
  write(replies: () => readonly Reply[]): boolean {
    this.#stream.guarded(() => {
      for (const reply of replies()) this.#writeInOrder(reply);
    });
    return this.#stream.open && !this.#full;
  }

  fail(error: unknown): void {
    this.#stream.guarded(() => {
      throw error;
    });
  }

  /** What it throws ends the stream and nothing else. */
  guarded(act: () => void): void {
    this.#stream.guarded(act);
  }

  /** No more is read of the client until `resume`. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #writeInOrder(reply: Reply): void {
    const waits =
      reply.isPart && (this.#waitingBytes > limits.messageBytes || this.#isHeldBack() || this.#turnIsFull());
    if (waits || this.#rest.some(({ id }) => id === reply.id)) {
      this.#rest.push(reply);
      this.#full = true;
    } else this.#gather(reply);
  }

  get #waitingBytes(): number {
    return this.#stream.waitingBytes + this.#gatheredBytes;
  }

  #isHeldBack(): boolean {
    return this.#stream.isHeldBack(this.#gatheredBytes);
  }

  #gather(reply: Reply): void {
    const piece = this.#encode(reply);
    if (this.#gathered.length === 0) queueMicrotask(() => this.#flush());
    this.#gathered.push(piece);
    this.#gatheredBytes += piece.length;
    if (reply.isPart) this.#encoded(reply.count ?? 0);
    this.#full ||= this.#waitingBytes > limits.watcherQueueBytes || this.#isHeldBack();
    if (this.#gatheredBytes > gatheredBytes) this.#flush();
  }

  #turnIsFull(): boolean {
    return this.#turnEvents >= turnEvents;
  }

  #encoded(events: number): void {
    this.#turnEvents += events;
    if (this.#nextTurn) return;
    this.#nextTurn = true;
    setImmediate(() => {
      this.#nextTurn = false;
      this.#turnEvents = 0;
      if (this.#stream.open) this.#taken();
    });
  }

  #flush(): void {
    const pieces = this.#gathered;
    if (pieces.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#stream.write(new Frames(pieces), pieces.length);
  }

  #taken(): void {
    if (!this.#full || this.#waitingBytes > limits.watcherQueueBytes / 2 || this.#isHeldBack()) return;
    this.#full = false;
    this.#stream.guarded(() => {
      while (this.#rest.length > 0 && !this.#full)
        if (this.#turnIsFull()) this.#full = true;
        else this.#gather(this.#rest.shift() as Reply);
    });
    if (this.#full) return;
    for (const { handle } of [...this.#watches.values()]) {
      if (this.#full) return;
      handle.resume();
    }
  }

  #closed(): void {
    for (const { handle, shares } of this.#watches.values()) {
      handle.cancel();
      this.#share.add(-shares);
    }
    this.#watches.clear();
    this.#rest = [];
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }
}
