import type { MessagePort } from 'node:worker_threads';
import { asError, TanistError } from '../../foundation/errors.ts';
import type { CallKind, EventKind, FromThread, Transfer } from './messages.ts';
import { isToThread } from './messages.ts';

/** What a handler may do besides answering. */
export interface ThreadContext {
  /** Tells the host something unasked; buffers in `transfer` leave this thread. */
  emit<Payload>(kind: EventKind<Payload>, payload: Payload, transfer?: Transfer): void;
  /** Lets waiting calls run first. Whoever computes for more than some 10 ms calls it between slices. */
  breathe(): Promise<void>;
}

/** An answer whose buffers are moved, not copied. */
export class Moved<Answer> {
  readonly answer: Answer;
  readonly transfer: Transfer;
  constructor(answer: Answer, transfer: Transfer) {
    this.answer = answer;
    this.transfer = transfer;
  }
}

type AnyHandler = (payload: unknown, context: ThreadContext) => unknown;

/** A kind with what serves it. */
export interface Handler {
  readonly kind: string;
  readonly serve: AnyHandler;
}

/**
 * Binds a handler to its kind. The request's type is trusted: both ends are of one build and share the kind's declaration.
 *
 * @throws what the handler throws reaches the caller as the same `TanistError`, anything else as `prediction-failed`.
 */
export function handler<Request, Answer>(
  kind: CallKind<Request, Answer>,
  serve: (
    request: Request,
    context: ThreadContext,
  ) => Answer | Moved<Answer> | Promise<Answer | Moved<Answer>>,
): Handler {
  return { kind: kind.name, serve: (payload, context) => serve(payload as Request, context) };
}

/** Serves calls that arrive at `port`, each as it comes: a call that waits holds up no other. */
export function serve(port: MessagePort, handlers: readonly Handler[]): void {
  const byKind = new Map(handlers.map((each) => [each.kind, each.serve]));
  const send = (message: FromThread, transfer: Transfer = []): void => port.postMessage(message, transfer);
  const context: ThreadContext = {
    emit: (kind, payload, transfer) => send({ type: 'event', kind: kind.name, payload }, transfer),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  };

  const answer = async (message: unknown): Promise<void> => {
    // The host is of the same build: what it cannot have sent is a bug, and ends the thread with a stated error.
    if (!isToThread(message)) throw new TypeError('not a call: the host sent something else');
    const { id, kind, payload } = message;
    try {
      const act = byKind.get(kind);
      if (act === undefined) throw new TanistError('invalid-argument', `no handler of calls '${kind}'`);
      const result = await act(payload, context);
      if (result instanceof Moved) send({ type: 'answer', id, value: result.answer }, result.transfer);
      else send({ type: 'answer', id, value: result });
    } catch (thrown) {
      const error = asError(thrown);
      const code = error instanceof TanistError ? error.code : 'prediction-failed';
      send({ type: 'refused', id, code, message: error.message });
    }
  };

  port.on('message', (message: unknown) => void answer(message));
}
