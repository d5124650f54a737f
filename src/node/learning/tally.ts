import type { LearningStatus } from '../../ports/learning-status.ts';

type Counts = Pick<
  LearningStatus,
  'rounds' | 'published' | 'rejected' | 'discarded' | 'rolledBack' | 'contributed' | 'refused'
>;
type Lasts = Pick<LearningStatus, 'lastRejection' | 'lastRollBack' | 'lastError'>;

/** What became of rounds and contributions since the start. */
export class Tally {
  readonly #counts: Record<keyof Counts, number> = {
    rounds: 0,
    published: 0,
    rejected: 0,
    discarded: 0,
    rolledBack: 0,
    contributed: 0,
    refused: 0,
  };
  readonly #lasts: Record<keyof Lasts, string> = { lastRejection: '', lastRollBack: '', lastError: '' };

  count(what: keyof Counts): void {
    this.#counts[what]++;
  }

  rejected(reason: string): void {
    this.#counts.rejected++;
    this.#lasts.lastRejection = reason;
  }

  rolledBack(reason: string): void {
    this.#counts.rolledBack++;
    this.#lasts.lastRollBack = reason;
  }

  failed(message: string): void {
    this.#lasts.lastError = message;
  }

  get figures(): Counts & Lasts {
    return { ...this.#counts, ...this.#lasts };
  }
}
