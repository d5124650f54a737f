import { connectEtcd, type RangeAnswer } from '../../../client/index.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { eventually } from '../../../local/eventually.ts';
import { criticalPrefix, tierKey } from './tier-keys.ts';
import type { TieredCluster } from './tiered-cluster.ts';
import { WrittenHistory } from './written-history.ts';

const count = 500;
/** Every so many are written again between two faults. */
const someStep = 7;
const valueText = 'x'.repeat(900);
const deadlineMs = 30_000;
const patienceMs = 60_000;

/** What a replica answered: whether it was the state at the revision that it named, and how far back that was. */
export interface Judged {
  readonly wrong: number;
  /** It named a revision from before the last fault, though it had been level then. */
  readonly isOld: boolean;
}

/** A few keys of which all values are known that they ever had; what a replica answers is held against them. */
export class WatchedKeys {
  readonly #tiered: TieredCluster;
  readonly #percent: number;
  readonly #history = new WrittenHistory();
  /** Of the last write but the newest batch: what every replica had when the last fault came. */
  #before = 0;
  #generation = 0;

  constructor(tiered: TieredCluster, percent: number) {
    this.#tiered = tiered;
    this.#percent = percent;
  }

  async writeAll(): Promise<void> {
    await this.#write(1);
  }

  async writeSome(): Promise<void> {
    await this.#write(someStep);
  }

  /** What that replica alone answers now. An error is no answer, and so not wrong. */
  async judge(id: string): Promise<Judged> {
    const answer = await this.#ask(id, 'serializable').catch(() => null);
    const wrong = answer === null ? 0 : this.#wrongIn(id, answer);
    const isOld = answer !== null && answer.revision < this.#before;
    if (this.#tierOf(id) !== 'hot') return { wrong, isOld };
    const now = await this.#ask(id, 'linearizable').catch(() => null);
    const isBehind = now !== null && (now.revision < this.#history.newest || this.#wrongIn(id, now) > 0);
    return { wrong: wrong + (isBehind ? 1 : 0), isOld };
  }

  /** Until the replica is healthy, and answers with the latest value of every key that it is to have. */
  async untilShown(id: string): Promise<void> {
    let last = 'no answer';
    await eventually(
      async () => {
        const { health } = await this.#tiered.status(id);
        last = health;
        if (health !== 'healthy') return null;
        const answer = await this.#ask(id, 'serializable');
        last = `healthy, at revision ${answer.revision} of ${this.#history.newest}`;
        const isLatest = answer.revision >= this.#history.newest && this.#wrongIn(id, answer) === 0;
        return isLatest ? true : null;
      },
      `${id} did not show all there is`,
      { patienceMs, everyMs: 100 },
    ).catch((error: unknown) => {
      throw new TanistError('unavailable', `${(error as Error).message} (${last})`, { cause: error });
    });
  }

  async #write(step: number): Promise<void> {
    const generation = ++this.#generation;
    this.#before = this.#history.newest;
    const puts: Promise<void>[] = [];
    for (let number = 0; number < count; number += step) {
      const key = Buffer.from(tierKey(number, this.#percent)).toString();
      const value = `${number} ${generation} ${valueText}`;
      const put = this.#tiered.client.put(key, value, { deadlineMs });
      puts.push(put.then(({ revision }) => this.#history.put(key, value, revision)));
    }
    await Promise.all(puts);
  }

  #tierOf(id: string): string {
    return this.#tiered.cluster.node(id).tier;
  }

  async #ask(id: string, consistency: 'serializable' | 'linearizable'): Promise<RangeAnswer> {
    const { client: address } = this.#tiered.cluster.node(id).addresses;
    const client = await connectEtcd({ endpoints: [address], pageKeys: 2 * count, deadlineMs: 5000 });
    try {
      if (this.#tierOf(id) === 'warm') return await client.get(criticalPrefix, { prefix: true, consistency });
      return await client.get('\0', { rangeEnd: '\0', consistency });
    } finally {
      await client.close();
    }
  }

  #wrongIn(id: string, { values, revision }: RangeAnswer): number {
    const shown = new Map(
      values.map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]),
    );
    return this.#history.wrong(shown, revision, this.#tierOf(id) === 'warm' ? criticalPrefix : '').length;
  }
}
