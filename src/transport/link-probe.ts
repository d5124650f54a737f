import type { Client } from '@grpc/grpc-js';
import { TanistError } from '../foundation/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { LinkProbe, ProbedLink } from '../ports/link-probe.ts';
import { encodeMeasureRequest } from '../protocol/operations/measure.ts';
import { tanistService } from '../protocol/services.ts';
import { openChannel } from './channel.ts';

/** In bytes; a piece that took longer than `longMs` beyond the round trip is the last. */
const pieces = [16, 48, 192].map((kibibytes) => kibibytes * 1024);
const longMs = 20;
const deadlineMs = 3000;

/** `LinkProbe` over the client port's Measure. */
export class GrpcLinkProbe implements LinkProbe {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async measure(address: string, mostBytes: number): Promise<ProbedLink> {
    const client = openChannel(address);
    try {
      await this.#exchange(client, 0); // connects
      const roundTripMs = Math.min(await this.#exchange(client, 0), await this.#exchange(client, 0));
      let bytesPerSecond: number | null = null;
      let left = mostBytes;
      for (const bytes of pieces) {
        if (bytes > left) break;
        left -= bytes;
        const tookMs = await this.#exchange(client, bytes);
        // The path's share of it: what goes beyond the round trip, which on a fast path is next to nothing.
        const transferMs = Math.max(tookMs - roundTripMs, tookMs / 10);
        bytesPerSecond = Math.max(bytesPerSecond ?? 0, (bytes / transferMs) * 1000);
        if (transferMs > longMs) break;
      }
      return { roundTripMs, bytesPerSecond };
    } finally {
      client.close();
    }
  }

  #exchange(client: Client, bytes: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = tanistService.measure;
    const beganMs = this.#clock.nowMs();
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(deadlineMs, () => {
        call.cancel();
        reject(new TanistError('deadline-exceeded', `no answer within ${deadlineMs} ms`));
      });
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        encodeMeasureRequest(bytes),
        (error) => {
          timer.cancel();
          if (error === null) resolve(this.#clock.nowMs() - beganMs);
          else reject(new TanistError('unavailable', error.message, { cause: error }));
        },
      );
    });
  }
}
