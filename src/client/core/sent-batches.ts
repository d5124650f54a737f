interface SentBatch {
  readonly firstNumber: number;
  /** The first one behind it. */
  readonly behind: number;
  unanswered: number;
  isEarly: boolean;
}

/** The batches that are under way on the present stream, by the session numbers of their commands. */
export class SentBatches {
  private readonly batches: SentBatch[] = [];
  /** Of which nothing was heard yet: one that was acknowledged early holds nobody up, however far the quorum is. */
  waitedFor = 0;

  add(firstNumber: number, count: number): void {
    this.batches.push({ firstNumber, behind: firstNumber + count, unanswered: count, isEarly: false });
    this.waitedFor++;
  }

  /** The first number behind the batch that this one is in; null: in none. */
  behind(number: number): number | null {
    return this.covering(number)?.behind ?? null;
  }

  early(first: number, last: number): void {
    const batch = this.covering(first);
    if (batch === undefined || batch.isEarly || first > batch.firstNumber || last + 1 < batch.behind) return;
    batch.isEarly = true;
    this.waitedFor--;
  }

  answered(first: number, count: number): void {
    const batch = this.covering(first);
    if (batch === undefined) return;
    batch.unanswered -= count;
    if (batch.unanswered > 0) return;
    this.batches.splice(this.batches.indexOf(batch), 1);
    if (!batch.isEarly) this.waitedFor--;
  }

  clear(): void {
    this.batches.length = 0;
    this.waitedFor = 0;
  }

  /** Answers come in order, so it is among the first. */
  private covering(number: number): SentBatch | undefined {
    return this.batches.find(({ firstNumber, behind }) => firstNumber <= number && number < behind);
  }
}
