import type { TanistError } from '../../foundation/errors.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { Following } from './following.ts';

/**
 * A warm replica that takes nothing: because its member is to become something else, or because it gives up what it holds.
 *
 * 1. It goes on when neither of the two has a reason left.
 * 2. Nothing is given up while the member reads what is held, and it begins to read only when that is over.
 * 3. What waits for room on a full disk may wait for ever, and the member with it, which then could not even stop: whoever waits is told.
 */
export class Standstill {
  readonly #following: Pick<Following, 'pause' | 'resume'>;
  #isHeld = false;
  #givingUp: Promise<void> | null = null;
  readonly #waiting = new Set<(error: TanistError) => void>();

  constructor(following: Pick<Following, 'pause' | 'resume'>) {
    this.#following = following;
  }

  /** When it resolves what is held stands still, until `resume`. Errors: `disk-full`. */
  async pause(): Promise<void> {
    this.#isHeld = true;
    let fail: (error: TanistError) => void = () => {};
    const noRoom = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.#waiting.add(fail);
    try {
      await Promise.race([this.#still(), noRoom]);
    } finally {
      this.#waiting.delete(fail);
    }
  }

  resume(): void {
    this.#isHeld = false;
    if (this.#givingUp === null) this.#following.resume();
  }

  /** Gives up what is held; not while the member reads it: whoever found the reason finds it again. */
  async giveUp(act: () => Promise<void>): Promise<void> {
    if (this.#isHeld || this.#givingUp !== null) return;
    this.#givingUp = this.#following.pause().then(() => (this.#isHeld ? undefined : act()));
    try {
      await this.#givingUp;
    } finally {
      this.#givingUp = null;
      if (!this.#isHeld) this.#following.resume();
    }
  }

  /** Something that was taken cannot be written at present. */
  noRoom(error: TanistError): void {
    if (mutant.active === 'pause-waits-for-room') return;
    for (const fail of [...this.#waiting]) fail(error);
  }

  async #still(): Promise<void> {
    await this.#following.pause();
    await this.#givingUp?.catch(() => undefined);
  }
}
