import type { ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import type { NodeId } from '../foundation/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { ProbeAnswer } from '../ports/transport.ts';
import { peerService } from '../protocol/services.ts';
import { callFailure, openChannel } from './channel.ts';
import { dial } from './dial.ts';
import { timing } from './options.ts';
import { decodeProbeReply, encodeProbeRequest, type Hello } from './peer-wire.ts';

/**
 * Asks a peer over a connection made for the question, so that neither queued messages nor a connection that died unnoticed
 * matter. Errors: `unavailable` (refused: nobody listens), `deadline-exceeded`, `data-of-another-cluster` (somebody else listens), `closed`.
 */
export function probePeer(
  peer: NodeId,
  address: string,
  own: Hello,
  deadlineMs: number,
  clock: Clock,
  closing: AbortSignal,
): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    let cancel = (): void => {};
    let over = false;
    const finish = (act: () => void): void => {
      if (over) return;
      over = true;
      timer.cancel();
      closing.removeEventListener('abort', stop);
      act();
      cancel();
    };
    const fail = (error: TanistError): void => finish(() => reject(error));
    const stop = (): void => fail(new TanistError('closed', 'the transport was closed'));
    const timer = clock.after(deadlineMs, () =>
      fail(
        new TanistError('deadline-exceeded', `${peer} at ${address} did not answer within ${deadlineMs} ms`),
      ),
    );
    closing.addEventListener('abort', stop);

    const refused = (): void =>
      fail(
        new TanistError('unavailable', `${peer} refuses connections at ${address}: nothing listens there`),
      );
    const failed = (error: ServiceError): void => {
      const failure = callFailure(error);
      if (failure.kind === 'refused') refused();
      else if (!over) {
        // Cut off half-way: the next attempt tells whether the peer is gone.
        clock.after(failure.kind === 'dropped' ? 1 : timing.firstRetryMs, ask);
      }
    };
    const ask = (): void => {
      if (over) return;
      cancel = dial(address, deadlineMs, clock, (outcome) => {
        if (outcome === 'refused') refused();
        else if (outcome === 'open') call();
      });
    };
    const call = (): void => {
      const client = openChannel(address);
      const { path, requestSerialize, responseDeserialize } = peerService.probe;
      const question = encodeProbeRequest(own.id);
      const request = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        question,
        (error, reply) => {
          client.close();
          if (error !== null) failed(error);
          else if (reply !== undefined) answered(reply);
        },
      );
      cancel = () => request.cancel();
    };
    const answered = (reply: Buffer): void => {
      let answer: ReturnType<typeof decodeProbeReply>;
      try {
        answer = decodeProbeReply(reply);
      } catch (error) {
        fail(
          new TanistError('invalid-argument', `${peer} at ${address} answered a probe with nonsense`, {
            cause: error,
          }),
        );
        return;
      }
      const { clusterId, ...rest } = answer;
      if (clusterId === own.clusterId && rest.id === peer) finish(() => resolve(rest));
      else {
        const found = `${rest.id} of cluster ${clusterId}`;
        fail(
          new TanistError(
            'data-of-another-cluster',
            `at ${address} is ${found}, not ${peer} of ${own.clusterId}`,
          ),
        );
      }
    };
    if (closing.aborted) stop();
    else ask();
  });
}
