import type { NodeLog } from '../../ports/node-log.ts';
import type { KeyRange } from '../../ports/replication.ts';
import type { WarmDamage } from './warm-store.ts';

/** What is wrong with a warm replica at present. */
export class WarmHealth {
  readonly #nodeLog: NodeLog;
  #trouble: string | null = null;
  /** The trouble is that something was found wrong. */
  #damaged = false;
  #quarantined = 0;

  constructor(nodeLog: NodeLog) {
    this.#nodeLog = nodeLog;
  }

  /** Null: nothing. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Found wrong so far. */
  get quarantined(): number {
    return this.#quarantined;
  }

  /** It cannot be fed; of several reasons the first one counts. */
  hindered(trouble: string): void {
    this.#trouble ??= trouble;
  }

  /** Not held any more. */
  damaged({ range, reason }: WarmDamage): void {
    this.#damaged = true;
    this.#trouble = `${this.#found(range, reason)} is wrong (${reason}); it is fetched anew`;
  }

  /** Found in what is stored, and written anew from memory. */
  mended(range: KeyRange, reason: string): void {
    this.#found(range, reason);
  }

  /** `message` null: it is so still, whoever had room meanwhile. */
  diskIsFull(message: string | null): void {
    if (message !== null) this.#nodeLog.warn('disk-full', { message });
    this.#trouble = 'the disk is full: what is held grows older until there is room';
  }

  diskHasRoom(): void {
    this.#trouble = null;
  }

  /** All that is held is right. True: it was not, until now. */
  isWhole(): boolean {
    if (this.#trouble === null) return false;
    if (this.#damaged) this.#nodeLog.info('replica-repaired', { trouble: this.#trouble });
    this.#damaged = false;
    this.#trouble = null;
    return true;
  }

  #found(range: KeyRange | null, reason: string): string {
    this.#quarantined += 1;
    const what = range === null ? 'what was stored' : `${range.space} ${JSON.stringify(range.key)}`;
    this.#nodeLog.error('replica-damaged', { range: what, reason });
    return what;
  }
}
