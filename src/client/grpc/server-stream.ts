import type { Client, ServiceError } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { RawMethod } from '../../protocol/services.ts';
import { callRefusal, checkWait } from '../core/call-refusal.ts';
import { callError } from './channel.ts';

/**
 * The messages of one streaming call, at the pace of whoever reads them. Between two of them at most `silenceMs` pass, or it fails as
 * `deadline-exceeded`; other errors as those of `unary`.
 */
export async function* serverStream(
  channel: Client,
  address: string,
  method: RawMethod,
  request: Buffer,
  options: { readonly silenceMs: number; readonly signal?: AbortSignal },
): AsyncGenerator<Buffer, void, undefined> {
  const { signal, silenceMs } = options;
  checkWait('silenceMs', silenceMs, 1);
  const refusal = callRefusal(options);
  if (refusal !== null) throw refusal;
  const call = channel.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
  );
  const abort = (): void => call.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  let late = false;
  let timer: NodeJS.Timeout | null = null;
  const wait = (): void => {
    timer = setTimeout(() => {
      late = true;
      call.cancel();
    }, silenceMs);
  };
  try {
    wait();
    for await (const message of call) {
      if (timer !== null) clearTimeout(timer);
      yield message as Buffer;
      wait();
    }
  } catch (error) {
    if (late)
      throw new TanistError('deadline-exceeded', `${address} sent nothing for ${silenceMs} ms`, {
        cause: error,
      });
    throw callError(error as ServiceError, address);
  } finally {
    if (timer !== null) clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    call.cancel();
  }
}
