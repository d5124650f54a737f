import type { WatchedChange } from '../../../node/node.ts';
import { fragmentField } from '../../../protocol/etcd/watch/write-watch-response.ts';
import { Joined, type Piece } from '../../streams/frames.ts';
import type { OutletReply } from '../../streams/watch-outlet.ts';
import type { EventEncoder } from './event-encoder.ts';

/** A response on a stream of watches: one that is encoded already, or one with events, which is encoded when its turn comes. */
export type WatchReply = OutletReply &
  (
    | { readonly kind: 'encoded'; readonly message: Buffer }
    | {
        readonly kind: 'events';
        readonly idField: Buffer;
        readonly revision: number;
        readonly events: readonly WatchedChange[];
        readonly isFragment: boolean;
      }
  );

export function encodeReply(encoder: EventEncoder, reply: WatchReply): Piece {
  if (reply.kind === 'encoded') return reply.message;
  const parts = [encoder.header(reply.revision), reply.idField];
  if (reply.isFragment) parts.push(fragmentField);
  for (const { delta, previous } of reply.events) parts.push(encoder.event(delta, previous));
  return new Joined(parts);
}
