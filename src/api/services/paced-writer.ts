import type { ServerWritableStream } from '@grpc/grpc-js';
import type { TanistError } from '../../foundation/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { resetStream } from '../../transport/http2-streams.ts';

/** Writes to a client at its pace: one message is on its way at a time. */
export class PacedWriter {
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #stalled: () => TanistError;
  #isGone = false;
  #whenGone = (): void => {};

  /** `stalled`: what a write fails with where the client takes nothing for `stallMs`; its stream is reset. */
  constructor(
    call: ServerWritableStream<Buffer, Buffer>,
    clock: Clock,
    stallMs: number,
    stalled: () => TanistError,
  ) {
    this.#call = call;
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#stalled = stalled;
    const over = (): void => {
      this.#isGone = true;
      this.#whenGone();
    };
    call.once('cancelled', over);
    call.once('error', over);
  }

  /** Nobody reads any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Resolves when the client has taken it, or is gone. */
  write(message: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.#stallMs, () => {
        reject(this.#stalled());
        resetStream(this.#call);
      });
      this.#whenGone = () => {
        timer.cancel();
        resolve();
      };
      if (this.#isGone) this.#whenGone();
      else this.#call.write(message, this.#whenGone);
    });
  }
}
