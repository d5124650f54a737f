import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { PredictedRead, RangeRequest } from '../../ports/command.ts';
import type { CallOptions } from '../../ports/state-client.ts';
import { tanistService } from '../../protocol/services.ts';
import { decodeSessionReply, type ReadReply } from '../../protocol/session/session-reply.ts';
import { encodeReadsRequest } from '../../protocol/session/session-request.ts';
import { callRefusal } from '../core/call-refusal.ts';
import { callError, openChannel } from './channel.ts';

/** One serializable or predicted read by the member at `address` itself, whatever its tier; not routed, not repeated. Errors: its own, `deadline-exceeded`, `cancelled`. */
export async function readAt(
  address: string,
  range: RangeRequest,
  options: CallOptions & { readonly deadlineMs: number },
  predicted: PredictedRead | null = null,
  metadata = new Metadata(),
): Promise<ReadReply> {
  const refusal = callRefusal(options);
  if (refusal !== null) throw refusal;
  const { signal, deadlineMs } = options;
  const channel = openChannel(address);
  const { path, requestSerialize, responseDeserialize } = tanistService.session;
  const stream = channel.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, {
    deadline: Date.now() + deadlineMs,
  });
  const abort = (): void => stream.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    stream.write(encodeReadsRequest([{ id: 1, range, serializable: true, ...predicted }]));
    for await (const message of stream) {
      const reply = decodeSessionReply(message as Buffer);
      const answer = reply.kind === 'reads' ? reply.replies[0] : undefined;
      if (answer !== undefined) return answer;
    }
  } catch (error) {
    throw error instanceof TanistError ? error : callError(error as ServiceError, address);
  } finally {
    signal?.removeEventListener('abort', abort);
    stream.on('error', () => undefined);
    stream.cancel();
    channel.close();
  }
  throw new TanistError('unavailable', `${address} ended the stream without an answer`);
}
