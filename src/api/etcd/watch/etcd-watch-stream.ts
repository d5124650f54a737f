import type { ServerDuplexStream } from '@grpc/grpc-js';
import { byteStringOfText } from '../../../foundation/bytes.ts';
import { revision } from '../../../foundation/ids.ts';
import { limits } from '../../../foundation/limits.ts';
import type { WatchedChange, WatchedChanges } from '../../../node/node.ts';
import type { FailedResult } from '../../../ports/result.ts';
import { decodeMessage, encodeMessage } from '../../../protocol/etcd/codec.ts';
import {
  type watchCreateRequest,
  watchRequest,
  watchResponse,
} from '../../../protocol/etcd/messages/watch.ts';
import type { Given, Message } from '../../../protocol/etcd/schema.ts';
import { encodeWatchId } from '../../../protocol/etcd/watch/write-watch-response.ts';
import { validateWatch } from '../../../state/checks/validate.ts';
import { WatchOutlet } from '../../streams/watch-outlet.ts';
import type { WatchShares } from '../../streams/watch-shares.ts';
import { endOfStream, etcdError, toEtcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import type { EventEncoder } from './event-encoder.ts';
import { type PartBytes, partBytes, partsOf } from './event-parts.ts';
import type { RequiredLeader } from './required-leader.ts';
import { encodeReply, type WatchReply } from './watch-reply.ts';

type Request = Message<typeof watchRequest>;
type Create = Message<typeof watchCreateRequest>;

interface Watch {
  readonly id: number;
  readonly idField: Buffer;
  readonly previous: boolean;
  readonly takesFragments: boolean;
  readonly noPuts: boolean;
  readonly noDeletes: boolean;
  readonly wantsProgress: boolean;
  /** Nothing was said of it since the last look. */
  quiet: boolean;
  /** Asked where it is, for the watch itself or for the stream. */
  asked: boolean;
  askedForAll: boolean;
}

export interface EtcdWatchOptions {
  readonly watches: number;
  /** A watch that asks for it hears of the present revision this often if nothing else. etcd: 10 minutes. */
  readonly progressMs: number;
  readonly bytes: PartBytes;
}

export const etcdWatchOptions: EtcdWatchOptions = {
  watches: limits.watchesPerStream,
  progressMs: 10 * 60_000,
  bytes: partBytes,
};

/** Of requests behind a watch that waits; beyond it the client waits, too. */
const mostHeldBytes = 1024 * 1024;
/** What a response says that belongs to no watch. */
const noWatch = -1;

/** One client's stream of watches, as etcd's API has it. */
export class EtcdWatchStream {
  readonly #face: EtcdFace;
  readonly #options: EtcdWatchOptions;
  readonly #shares: WatchShares;
  readonly #outlet: WatchOutlet<WatchReply>;
  readonly #watches = new Map<number, Watch>();
  /** The watches of which a bookmark is missing before progress of the whole stream can be told; null: nobody asks. */
  #missing: Set<number> | null = null;
  /** No watch that was asked is behind this. */
  #reachedByAll = 0;
  /** Not looked at yet: it waits behind a watch that waits for this member to catch up; null: nothing does. */
  #held: Request[] | null = null;
  #heldBytes = 0;
  #nextId = 0;
  #timer: NodeJS.Timeout | null = null;
  #forgetLeader: () => void = () => {};

  constructor(
    face: EtcdFace,
    encoder: EventEncoder,
    leader: RequiredLeader,
    call: ServerDuplexStream<Buffer, Buffer>,
    shares: WatchShares,
    options: EtcdWatchOptions = etcdWatchOptions,
  ) {
    this.#face = face;
    this.#options = options;
    this.#shares = shares;
    this.#outlet = new WatchOutlet<WatchReply>(call, shares, {
      encode: (reply) => encodeReply(encoder, reply),
      received: (bytes) => this.#received(bytes),
      closed: () => this.#closed(),
      endWith: endOfStream,
      // As in etcd: a client that will send no more still watches.
      busy: () => true,
    });
    try {
      this.#forgetLeader = leader.watch(call.metadata, () => this.#outlet.fail(etcdError('noLeader')));
    } catch (error) {
      this.#outlet.fail(error);
    }
  }

  #received(bytes: Buffer): void {
    const request = decodeMessage(watchRequest, bytes);
    if (this.#held !== null) {
      this.#held.push(request);
      this.#heldBytes += bytes.length;
      if (this.#heldBytes > mostHeldBytes) this.#outlet.pause();
    } else if (request.create_request === null) this.#take(request);
    else {
      this.#held = [request];
      this.#catchUp();
    }
  }

  /**
   * As a member of etcd's has applied what it answers, a watch that begins after an answer begins behind it: a compaction ends it, and what was put before
   * is no news. All that has arrived by now goes on together.
   */
  #catchUp(): void {
    const waiting = this.#held?.length ?? 0;
    this.#face.caughtUp(() =>
      this.#outlet.guarded(() => {
        const held = this.#held ?? [];
        this.#held = null;
        this.#heldBytes = 0;
        this.#outlet.resume();
        for (const request of held.slice(0, waiting)) this.#take(request);
        const rest = held.slice(waiting);
        const next = rest.findIndex((request) => request.create_request !== null);
        for (const request of next < 0 ? rest : rest.slice(0, next)) this.#take(request);
        if (next < 0) return;
        this.#held = rest.slice(next);
        this.#catchUp();
      }),
    );
  }

  #take(request: Request): void {
    if (request.create_request !== null) this.#create(request.create_request);
    else if (request.cancel_request !== null) this.#cancel(request.cancel_request.watch_id);
    else if (request.progress_request !== null) this.#progress();
  }

  #create(request: Create): void {
    const { key, range_end: rangeEnd } = request;
    const refusal = this.#refusal(request);
    if (refusal !== null) {
      this.#say({ watch_id: noWatch, created: true, canceled: true, cancel_reason: refusal });
      return;
    }
    const id = request.watch_id === 0 ? this.#freeId() : request.watch_id;
    const watch: Watch = {
      id,
      idField: encodeWatchId(id),
      previous: request.prev_kv,
      takesFragments: request.fragment,
      noPuts: request.filters.includes('NOPUT'),
      noDeletes: request.filters.includes('NODELETE'),
      wantsProgress: request.progress_notify,
      quiet: false,
      asked: false,
      askedForAll: false,
    };
    const handle = this.#face.node.watch(
      {
        space: 'user',
        key: key.length === 0 ? byteStringOfText('\0') : key,
        rangeEnd,
        fromRevision: revision(request.start_revision < 0 ? 1 : request.start_revision),
        previous: watch.previous,
      },
      {
        events: (changes) => this.#events(watch, changes),
        ended: (failure) => this.#ended(watch, failure),
      },
    );
    this.#watches.set(id, watch);
    this.#outlet.add(id, handle, key.length + rangeEnd.length);
    this.#say({ watch_id: id, created: true });
    if (watch.wantsProgress)
      this.#timer ??= setInterval(() => this.#look(), this.#options.progressMs).unref();
  }

  /** In etcd's words; null: none. */
  #refusal({ key, range_end: rangeEnd, watch_id: id }: Create): string | null {
    const first = key.length === 0 ? '\0' : key;
    if (rangeEnd.length > 0 && rangeEnd !== '\0' && first >= rangeEnd) return 'mvcc: watcher range is empty';
    if (validateWatch({ key, rangeEnd }, this.#face.node.requestLimits) !== null)
      return etcdError('requestTooLarge').details;
    if (id !== 0 && this.#watches.has(id)) return 'mvcc: duplicate watch ID provided on the WatchStream';
    if (this.#watches.size >= this.#options.watches)
      return `etcdserver: too many requests: a stream holds ${this.#options.watches} watches; cancel some or open another stream`;
    if (!this.#outlet.isShareUsedUp) return null;
    return `etcdserver: too many requests: a connection holds ${this.#shares.most} watches; cancel some`;
  }

  #freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancel(id: number): void {
    if (!this.#watches.delete(id)) return;
    this.#outlet.cancel(id);
    this.#say({ watch_id: id, canceled: true });
    this.#reached(id);
  }

  /** Called by the hub. */
  #events(watch: Watch, { revision: through, events }: WatchedChanges): boolean {
    if (events.length === 0) return this.#bookmark(watch, through);
    const wanted =
      watch.noPuts || watch.noDeletes ? events.filter((event) => isWanted(watch, event)) : events;
    if (wanted.length > 0) watch.quiet = false;
    return this.#outlet.write(() =>
      partsOf(wanted, through, watch.takesFragments, this.#options.bytes).map((part) => ({
        kind: 'events',
        id: watch.id,
        isPart: true,
        count: part.events.length,
        idField: watch.idField,
        revision: part.revision,
        events: part.events,
        isFragment: part.isFragment,
      })),
    );
  }

  #ended(watch: Watch, failure: FailedResult): void {
    this.#outlet.ended(watch.id);
    this.#watches.delete(watch.id);
    const isCompacted = failure.code === 'revision-compacted';
    this.#sayAt(isCompacted ? 0 : this.#revision(), {
      watch_id: watch.id,
      canceled: true,
      compact_revision: isCompacted ? this.#face.node.state.compacted('user') : 0,
      cancel_reason: isCompacted ? '' : toEtcdError(failure).details,
    });
    this.#reached(watch.id);
  }

  #progress(): void {
    if (this.#missing === null) {
      this.#missing = new Set(this.#watches.keys());
      this.#reachedByAll = this.#revision();
    }
    for (const watch of [...this.#watches.values()]) {
      if (watch.askedForAll) continue;
      watch.askedForAll = true;
      this.#outlet.get(watch.id)?.requestProgress();
    }
    this.#maybeTellAll();
  }

  #bookmark(watch: Watch, through: number): boolean {
    if (watch.asked) {
      watch.asked = false;
      this.#sayAt(through, { watch_id: watch.id });
    }
    if (watch.askedForAll) {
      watch.askedForAll = false;
      this.#reachedByAll = Math.min(this.#reachedByAll, through);
      this.#reached(watch.id);
    }
    return this.#outlet.write(() => []);
  }

  #reached(id: number): void {
    this.#missing?.delete(id);
    this.#maybeTellAll();
  }

  #maybeTellAll(): void {
    if (this.#missing === null || this.#missing.size > 0) return;
    this.#missing = null;
    this.#sayAt(this.#reachedByAll, { watch_id: noWatch });
  }

  #look(): void {
    for (const watch of [...this.#watches.values()]) {
      if (!watch.wantsProgress) continue;
      if (watch.quiet) {
        watch.asked = true;
        this.#outlet.get(watch.id)?.requestProgress();
      }
      watch.quiet = true;
    }
  }

  #revision(): number {
    return this.#face.node.state.revision('user');
  }

  #say(response: Given<typeof watchResponse> & { readonly watch_id: number }): void {
    this.#sayAt(this.#revision(), response);
  }

  #sayAt(at: number, response: Given<typeof watchResponse> & { readonly watch_id: number }): void {
    this.#outlet.write(() => {
      const header = { ...this.#face.header(), revision: at };
      const message = encodeMessage(watchResponse, { ...response, header });
      return [{ kind: 'encoded', id: response.watch_id, isPart: false, message }];
    });
  }

  #closed(): void {
    this.#forgetLeader();
    this.#held = null;
    this.#watches.clear();
    this.#missing = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function isWanted(watch: Watch, { delta }: WatchedChange): boolean {
  return delta.op === 'put' ? !watch.noPuts : !watch.noDeletes;
}
