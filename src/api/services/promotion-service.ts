import type { ServerWritableStream } from '@grpc/grpc-js';
import { TanistError } from '../../foundation/errors.ts';
import type { OutgoingImage } from '../../node/image/image-outlet.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ForcedReport } from '../../ports/lineage.ts';
import type { Held } from '../../ports/replication.ts';
import {
  decodeForcePromote,
  decodeImageRequest,
  decodeLineage,
  encodeForcedReport,
  encodeImageChunk,
  encodeLineage,
  type MemberLineage,
} from '../../protocol/operations/promotion.ts';
import { promotionService } from '../../protocol/services.ts';
import { systemClock } from '../system-clock.ts';
import { toServiceError, toTanistError } from './grpc-status.ts';
import type { NativeServices } from './native-services.ts';
import { PacedWriter } from './paced-writer.ts';
import { unary } from './unary.ts';

/** What a member of any tier answers. Each may fail with a `TanistError`. */
export interface PromotionFace {
  said(): MemberLineage;
  /** Only a hot node has one. */
  image(held: Held | null): Promise<OutgoingImage>;
  /** Another member says who it is. Where that is of a newer lineage: resolves when this one has stopped serving what it was. */
  presented(by: MemberLineage): Promise<void>;
  /** Only beyond the quorum. */
  force(confirmed: boolean): Promise<ForcedReport>;
}

export function addPromotionService(services: NativeServices, face: PromotionFace): void {
  const unaries = {
    lineage: unary(() => encodeLineage(face.said())),
    supersede: unary(async (bytes) => {
      await face.presented(decodeLineage(bytes));
      return encodeLineage(face.said());
    }),
    forcePromote: unary(async (bytes) => encodeForcedReport(await face.force(decodeForcePromote(bytes)))),
  };
  services.add(promotionService, unaries, {
    image: (call: ServerWritableStream<Buffer, Buffer>) => void streamImage(face, call),
  });
}

/** A receiver that takes nothing for so long is frozen or cut off, and others wait for their turn. */
const stallMs = 20_000;

/** At the receiver's pace: one chunk is on its way at a time. Fails with `unavailable` where it takes none. */
export async function streamImage(
  face: Pick<PromotionFace, 'said' | 'image'>,
  call: ServerWritableStream<Buffer, Buffer>,
  clock: Clock = systemClock,
): Promise<void> {
  const writer = new PacedWriter(
    call,
    clock,
    stallMs,
    () => new TanistError('unavailable', `the receiver has taken nothing for ${stallMs} ms`),
  );
  let image: OutgoingImage | null = null;
  try {
    const { id, lineage } = face.said();
    image = await face.image(decodeImageRequest(call.request).held);
    const write = (data: Uint8Array): Promise<void> =>
      writer.write(encodeImageChunk({ from: id, lineage, sizeBytes: image?.sizeBytes ?? 0, data }));
    await write(new Uint8Array(0));
    for await (const data of image.chunks) {
      if (writer.isGone) return;
      await write(data);
    }
    call.end();
  } catch (error) {
    if (!call.cancelled) call.emit('error', toServiceError(toTanistError(error)));
  } finally {
    await image?.close();
  }
}
