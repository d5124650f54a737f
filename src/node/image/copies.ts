import { TanistError } from '../../foundation/errors.ts';
import type { Random } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ImageStore, IsHeld } from '../../ports/image-store.ts';
import type { StoreIdentity } from '../../ports/log-store.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { backupOf } from '../backup/backup.ts';
import type { Standing } from '../integrity/standing.ts';
import { hasNoState, type Life, stops } from '../refusals.ts';
import { ImageOutlet, type OutgoingImage } from './image-outlet.ts';

export interface CopiesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: StoreIdentity;
  readonly image: ImageStore;
  readonly state: StateMachine;
  readonly life: Life;
  readonly standing: Standing;
  /** Brings all that was applied into the image, when the state is whole. */
  readonly settle: () => Promise<void>;
  /** The same of whatever was applied. */
  readonly settleNow: () => Promise<void>;
  readonly imageDamaged: (what: string) => void;
}

/** Whole copies of the state: for operators (a backup), and for another member (an image). */
export class Copies {
  readonly #parts: CopiesParts;
  readonly #images: ImageOutlet;
  #backups = 0;

  constructor(parts: CopiesParts) {
    this.#parts = parts;
    this.#images = new ImageOutlet({ image: parts.image, clock: parts.clock, settle: parts.settleNow });
  }

  /** See `TanistNode.backup`. */
  async *backup(): AsyncGenerator<Uint8Array> {
    const { random, identity, image, standing, settle, imageDamaged } = this.#parts;
    this.#check();
    const { replaced } = standing;
    try {
      yield* backupOf({
        identity,
        image,
        random: random.fork(`backup ${this.#backups++} ${identity.incarnation}`),
        settle,
      });
    } catch (error) {
      if (error instanceof TanistError && error.code === 'data-damaged') imageDamaged(error.message);
      if (replaced === standing.replaced) throw error;
      throw new TanistError('unavailable', 'the state was replaced by a snapshot meanwhile; try again', {
        cause: error,
      });
    }
  }

  /** See `TanistNode.image`. */
  async image(isHeld?: IsHeld): Promise<OutgoingImage> {
    this.#check();
    return this.#images.open(isHeld);
  }

  #check(): void {
    const { life, standing, state } = this.#parts;
    if (life.isStopped) throw stops();
    const problem = standing.notServing();
    if (problem !== null) throw problem;
    if (state.applied.index === 0) throw hasNoState();
  }
}
