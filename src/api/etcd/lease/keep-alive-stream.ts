import type { ServerDuplexStream } from '@grpc/grpc-js';
import { TanistError } from '../../../foundation/errors.ts';
import { leaseId } from '../../../foundation/ids.ts';
import { limits } from '../../../foundation/limits.ts';
import { decodeMessage, encodeMessage } from '../../../protocol/etcd/codec.ts';
import { leaseKeepAliveRequest, leaseKeepAliveResponse } from '../../../protocol/etcd/messages/lease.ts';
import { ClientStream } from '../../services/client-stream.ts';
import { caughtAsEtcdError, type EtcdError, endOfStream, etcdError } from '../etcd-error.ts';
import type { EtcdFace } from '../etcd-face.ts';
import type { RequiredLeader } from '../watch/required-leader.ts';
import type { Renewals } from './renewals.ts';
import { secondsOf } from './seconds.ts';

/** Answers that the client has not taken: beyond it no more is read from it. As in etcd, it waits and loses nothing. */
const heldBackBytes = 64 * 1024;
/** What has been read meanwhile is answered all the same. */
const mostWaitingBytes = limits.messageBytes;

/** One client's stream of lease renewals. Each is answered, with a time-to-live of 0 where there is no such lease. */
export class KeepAliveStream {
  readonly #face: EtcdFace;
  readonly #renewals: Renewals;
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #stream: ClientStream;
  #forgetLeader: () => void = () => {};
  #unanswered = 0;

  constructor(
    face: EtcdFace,
    renewals: Renewals,
    leader: RequiredLeader,
    call: ServerDuplexStream<Buffer, Buffer>,
  ) {
    this.#face = face;
    this.#renewals = renewals;
    this.#call = call;
    this.#stream = new ClientStream(call, {
      received: (bytes) => this.#received(bytes),
      closed: () => this.#forgetLeader(),
      taken: () => this.#regulate(),
      mostWaitingBytes,
      endWith: endOfStream,
      busy: () => this.#unanswered > 0,
    });
    this.#stream.guarded(() => {
      this.#forgetLeader = leader.watch(call.metadata, () => this.#stream.fail(etcdError('noLeader')));
    });
  }

  #received(bytes: Buffer): void {
    const { ID: id } = decodeMessage(leaseKeepAliveRequest, bytes);
    // As in etcd, of the moment before: a lease that is seen to live at a revision must not have ended at it.
    const header = this.#face.header();
    this.#unanswered++;
    this.#regulate();
    this.#renewals.renew(leaseId(id), (outcome) => {
      this.#unanswered--;
      this.#stream.guarded(() => {
        if (outcome instanceof TanistError) throw asEtcd(outcome);
        this.#stream.write(
          encodeMessage(leaseKeepAliveResponse, { header, ID: id, TTL: secondsOf(outcome) }),
        );
        this.#stream.maybeEnd();
      });
      this.#regulate();
    });
  }

  /** Reads from a client that is answered, and takes the answers. */
  #regulate(): void {
    const isDeaf = this.#stream.waitingBytes > heldBackBytes || this.#stream.isHeldBack();
    if (isDeaf || this.#unanswered >= limits.renewalsPerStream) this.#call.pause();
    else if (this.#call.isPaused()) this.#call.resume();
  }
}

/** None came through in etcd's time. */
function asEtcd(error: TanistError): EtcdError {
  return error.code === 'unavailable' ? etcdError('timeout') : caughtAsEtcdError(error);
}
