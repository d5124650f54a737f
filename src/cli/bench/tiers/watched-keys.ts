import { connectEtcd, type RangeAnswer } from '../../../client/index.ts';
import { TanistError } from '../../../foundation/errors.ts';
import { eventually } from '../eventually.ts';
import { criticalPrefix, tierKey } from './tier-keys.ts';
import type { TieredCluster } from './tiered-cluster.ts';

const count = 500;
/** Every so many are written again between two faults. */
const someStep = 7;
const valueText = 'x'.repeat(900);
const deadlineMs = 30_000;
const patienceMs = 90_000;

/** A few keys of which all values are known that they ever had; what a replica answers is held against them. */
export class WatchedKeys {
  readonly #tiered: TieredCluster;
  readonly #percent: number;
  readonly #values = new Map<string, string[]>();
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

  /** Answers that were never true: a value that the key never had, a key that is missing though it was written long ago. An error is no answer. */
  async wrongAnswers(id: string): Promise<number> {
    const answer = await this.#ask(id, 'serializable').catch(() => null);
    let wrong = answer === null ? 0 : this.#wrongIn(id, answer);
    if (this.#isHot(id)) {
      const now = await this.#ask(id, 'linearizable').catch(() => null);
      if (now !== null && !this.#isLatest(id, now)) wrong++;
    }
    return wrong;
  }

  /** Until the replica is healthy, and answers with the latest value of every key that it is to have. */
  async untilShown(id: string): Promise<void> {
    let last = 'no answer';
    await eventually(
      async () => {
        const { health } = await this.#tiered.status(id);
        last = health;
        if (health !== 'healthy') return null;
        return this.#isLatest(id, await this.#ask(id, 'serializable')) ? true : null;
      },
      `${id} did not show all there is`,
      { patienceMs, everyMs: 100 },
    ).catch((error: unknown) => {
      throw new TanistError('unavailable', `${(error as Error).message} (${last})`, { cause: error });
    });
  }

  async #write(step: number): Promise<void> {
    const generation = ++this.#generation;
    const puts: Promise<unknown>[] = [];
    for (let number = 0; number < count; number += step) {
      const key = tierKey(number, this.#percent);
      const value = `${number} ${generation} ${valueText}`;
      const name = Buffer.from(key).toString();
      this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
      puts.push(this.#tiered.client.put(key, value, { deadlineMs }));
    }
    await Promise.all(puts);
  }

  #isHot(id: string): boolean {
    return this.#tiered.cluster.node(id).tier === 'hot';
  }

  /** Of that replica alone. */
  async #ask(id: string, consistency: 'serializable' | 'linearizable'): Promise<RangeAnswer> {
    const { addresses, tier } = this.#tiered.cluster.node(id);
    const client = await connectEtcd({
      endpoints: [addresses.client],
      pageKeys: 2 * count,
      deadlineMs: 5000,
    });
    try {
      if (tier === 'warm') return await client.get(criticalPrefix, { prefix: true, consistency });
      return await client.get('\0', { rangeEnd: '\0', consistency });
    } finally {
      await client.close();
    }
  }

  #expected(id: string): ReadonlyMap<string, readonly string[]> {
    if (this.#tiered.cluster.node(id).tier !== 'warm') return this.#values;
    return new Map([...this.#values].filter(([key]) => key.startsWith(criticalPrefix)));
  }

  #wrongIn(id: string, answer: RangeAnswer): number {
    const expected = this.#expected(id);
    const shown = textsOf(answer);
    let wrong = [...expected.keys()].filter((key) => !shown.has(key)).length;
    for (const [key, value] of shown) if (expected.get(key)?.includes(value) !== true) wrong++;
    return wrong;
  }

  #isLatest(id: string, answer: RangeAnswer): boolean {
    const expected = this.#expected(id);
    const shown = textsOf(answer);
    return shown.size === expected.size && [...expected].every(([key, all]) => shown.get(key) === all.at(-1));
  }
}

function textsOf({ values }: RangeAnswer): ReadonlyMap<string, string> {
  return new Map(
    values.map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]),
  );
}
