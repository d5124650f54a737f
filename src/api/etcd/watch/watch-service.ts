import type { ServerDuplexStream } from '@grpc/grpc-js';
import { watchMethods } from '../../../protocol/etcd/methods.ts';
import type { WatchShares } from '../../streams/watch-shares.ts';
import type { EtcdFace } from '../etcd-face.ts';
import type { ServiceHandlers } from '../handlers.ts';
import { EtcdWatchStream, etcdWatchOptions } from './etcd-watch-stream.ts';
import { EventEncoder } from './event-encoder.ts';
import { RequiredLeader } from './required-leader.ts';

/** etcd's Watch service. */
export function watchService(
  face: EtcdFace,
  shares: WatchShares,
  progressMs: number = etcdWatchOptions.progressMs,
): ServiceHandlers {
  const options = { ...etcdWatchOptions, progressMs };
  const encoder = new EventEncoder(face);
  const leader = new RequiredLeader(face.node);
  return {
    unary: new Map(),
    streams: new Map([
      [
        watchMethods.watch.path,
        (call: ServerDuplexStream<Buffer, Buffer>) =>
          void new EtcdWatchStream(face, encoder, leader, call, shares, options),
      ],
    ]),
  };
}
