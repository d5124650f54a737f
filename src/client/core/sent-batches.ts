import { mutant } from '../../foundation/mutants.ts';

interface SentBatch {
  readonly firstNumber: number;
  /** The first one behind it. */
  readonly behind: number;
  unanswered: number;
  /** It repeats what another leader had acknowledged early. */
  readonly isRepeat: boolean;
  isEarly: boolean;
}

/** The batches that are under way on the present stream, by the session numbers of their commands. */
export class SentBatches {
  private readonly batches: SentBatch[] = [];
  /** Of which nothing was heard yet: one that was acknowledged early holds nobody up, however far the quorum is. */
  waitedFor = 0;
  private repeatsWaitedFor = 0;
  /** Of an expired session, on the present stream. */
  private forgotten = 0;

  add(firstNumber: number, count: number, isRepeat: boolean): void {
    const behind = firstNumber + count;
    this.batches.push({ firstNumber, behind, unanswered: count, isRepeat, isEarly: false });
    this.waitedFor++;
    if (isRepeat) this.repeatsWaitedFor++;
  }

  /**
   * Whether another one may go out. Not behind one that repeats what was acknowledged early: callers went on since and may have written the same keys, and
   * a leader that refuses one batch may take the next.
   */
  hasRoom(most: number): boolean {
    const held = this.repeatsWaitedFor > 0 && mutant.active !== 'repeats-overtaken';
    return !held && this.waitedFor < most;
  }

  /** Those that may not even have been read. */
  unheard(): readonly { readonly firstNumber: number; readonly behind: number }[] {
    return this.batches.filter(
      ({ isEarly, unanswered, firstNumber, behind }) => !isEarly && unanswered === behind - firstNumber,
    );
  }

  /** The first number behind the batch that this one is in; null: in none. */
  behind(number: number): number | null {
    return this.covering(number)?.behind ?? null;
  }

  early(first: number, last: number): void {
    const batch = this.covering(first);
    if (batch === undefined || batch.isEarly || first > batch.firstNumber || last + 1 < batch.behind) return;
    batch.isEarly = true;
    this.heard(batch);
  }

  answered(first: number, count: number): void {
    const batch = this.covering(first);
    if (batch === undefined) return;
    batch.unanswered -= count;
    if (batch.unanswered > 0) return;
    this.batches.splice(this.batches.indexOf(batch), 1);
    if (!batch.isEarly) this.heard(batch);
  }

  /** The session expired: answers to these mean nothing any more, but a member may yet end the stream over one. */
  forget(): void {
    const forgotten = this.forgotten + this.batches.length;
    this.clear();
    this.forgotten = forgotten;
  }

  /** How many may be what a member could not read. */
  get suspects(): number {
    return this.unheard().length + this.forgotten;
  }

  clear(): void {
    this.forgotten = 0;
    this.batches.length = 0;
    this.waitedFor = 0;
    this.repeatsWaitedFor = 0;
  }

  private heard({ isRepeat }: SentBatch): void {
    this.waitedFor--;
    if (isRepeat) this.repeatsWaitedFor--;
  }

  /** The last one: where a part of a batch was refused and has gone out again, the rest of that batch may still be under way. */
  private covering(number: number): SentBatch | undefined {
    return this.batches.findLast(({ firstNumber, behind }) => firstNumber <= number && number < behind);
  }
}
