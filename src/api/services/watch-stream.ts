import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import { revision } from '../../foundation/ids.ts';
import { limits } from '../../foundation/limits.ts';
import type { WatchedChanges } from '../../node/node.ts';
import type { ServedNode } from '../../node/served-node.ts';
import {
  decodeWatchRequest,
  encodeWatchEvent,
  encodeWatchReply,
  type WatchRequest,
} from '../../protocol/watch.ts';
import { validateWatch } from '../../state/checks/validate.ts';
import { changeBytes } from '../../state/watch-hub.ts';
import { Joined, type Piece } from '../streams/frames.ts';
import { SharedEvents } from '../streams/shared-events.ts';
import { WatchOutlet } from '../streams/watch-outlet.ts';
import type { WatchShares } from '../streams/watch-shares.ts';

type Reply = Parameters<typeof encodeWatchReply>[0] & { readonly isPart: boolean; readonly count?: number };

const shared = new SharedEvents(encodeWatchEvent);

/**
 * Many watches on one stream. Events that make more than one message go out in several, of which all but the last say that their last
 * revision is not whole.
 */
export class WatchStream {
  readonly #node: ServedNode;
  readonly #outlet: WatchOutlet<Reply>;
  readonly #messageBytes: number;
  readonly #shares: WatchShares;

  constructor(
    node: ServedNode,
    call: ServerDuplexStream<Buffer, Buffer>,
    shares: WatchShares,
    messageBytes: number = limits.watchMessageBytes,
  ) {
    this.#node = node;
    this.#messageBytes = messageBytes;
    this.#shares = shares;
    this.#outlet = new WatchOutlet<Reply>(call, shares, {
      encode,
      received: (bytes) => this.#received(bytes),
    });
  }

  #received(bytes: Buffer): void {
    const request = decodeWatchRequest(bytes);
    if (request.kind === 'create') this.#create(request);
    else if (request.kind === 'cancel') this.#outlet.cancel(request.id);
    else this.#outlet.get(request.id)?.requestProgress();
  }

  #create(request: Extract<WatchRequest, { kind: 'create' }>): void {
    const { id } = request;
    if (this.#outlet.has(id)) {
      throw new TanistError('invalid-argument', `watch id ${id} is in use on this stream; choose another`);
    }
    if (this.#outlet.isShareUsedUp) {
      this.#fail(id, tooMany(this.#shares));
      return;
    }
    const { key, rangeEnd } = request;
    const invalid = validateWatch(request, this.#node.requestLimits);
    if (invalid !== null) {
      this.#fail(id, new TanistError(invalid.code, invalid.message));
      return;
    }
    const created = this.#node.state.revision(request.space);
    const handle = this.#node.watch(request, {
      events: (changes) =>
        this.#outlet.write(() =>
          partsOf(changes, this.#messageBytes).map((part) => ({
            id,
            revision: part.revision,
            events: part.events,
            failure: null,
            created: false,
            isPart: part.events.length > 0,
            count: part.events.length,
          })),
        ),
      ended: ({ code, message }) => {
        this.#outlet.ended(id);
        this.#fail(id, new TanistError(code, message));
      },
    });
    this.#outlet.add(id, handle, key.length + rangeEnd.length);
    this.#outlet.write(() => [
      { id, revision: created, events: [], failure: null, created: true, isPart: false },
    ]);
  }

  #fail(id: number, failure: TanistError): void {
    this.#outlet.write(() => [
      { id, revision: revision(0), events: [], failure, created: false, isPart: false },
    ]);
  }
}

function tooMany({ most }: WatchShares): TanistError {
  return new TanistError('too-many-watchers', `this connection has ${most} watches; end some first`);
}

function encode(reply: Reply): Piece {
  if (reply.events.length === 0) return encodeWatchReply(reply);
  const { id, revision: through, failure, created } = reply;
  const parts = [encodeWatchReply({ id, revision: through, events: [], failure, created })];
  for (const { delta, previous } of reply.events) parts.push(shared.event(delta, previous));
  return new Joined(parts);
}

/** In messages of about `messageBytes`. Everything up to a part's revision is in it or in an earlier one. */
function partsOf({ revision: through, events }: WatchedChanges, messageBytes: number): WatchedChanges[] {
  const parts: WatchedChanges[] = [];
  let first = 0;
  let bytes = 0;
  for (const [i, change] of events.entries()) {
    const size = changeBytes(change);
    if (i > first && bytes + size > messageBytes) {
      parts.push({ revision: revision(change.delta.revision - 1), events: events.slice(first, i) });
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  parts.push({ revision: through, events: first === 0 ? events : events.slice(first) });
  return parts;
}
