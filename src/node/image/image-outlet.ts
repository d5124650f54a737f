import { TanistError } from '../../foundation/errors.ts';
import { limits } from '../../foundation/limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AppliedPoint, ImageStore, IsHeld } from '../../ports/image-store.ts';
import { paced } from './paced.ts';

export interface ImageOutletParts {
  readonly image: ImageStore;
  readonly clock: Clock;
  /** Brings all that was applied into the image. */
  readonly settle: () => Promise<void>;
}

/** The image as chunks for another member, as a snapshot of Raft has it, but for the values that it holds; close it in all cases. */
export interface OutgoingImage {
  readonly applied: AppliedPoint;
  /** About. */
  readonly sizeBytes: number;
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Gives the image to one member at a time, at a bounded rate. Fails with `overloaded`. */
export class ImageOutlet {
  readonly #parts: ImageOutletParts;
  #busy = false;

  constructor(parts: ImageOutletParts) {
    this.#parts = parts;
  }

  async open(isHeld?: IsHeld): Promise<OutgoingImage> {
    const { image, clock, settle } = this.#parts;
    if (this.#busy)
      throw new TanistError(
        'overloaded',
        'this node gives its state to another member at present; ask another',
      );
    this.#busy = true;
    try {
      await settle();
      const sizeBytes = await image.sizeBytes();
      const { applied, chunks, close } = await image.snapshot(undefined, isHeld);
      return {
        applied,
        sizeBytes,
        chunks: paced(chunks, limits.imageBytesPerSecond, clock),
        close: async () => {
          this.#busy = false;
          await close();
        },
      };
    } catch (error) {
      this.#busy = false;
      throw error;
    }
  }
}
