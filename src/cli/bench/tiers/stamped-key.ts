import { setTimeout as delay } from 'node:timers/promises';
import type { EtcdClient, TanistClient } from '../../../client/index.ts';
import { criticalPrefix } from './tier-keys.ts';

const key = `${criticalPrefix}stamp`;
const writeEveryMs = 5;
const readEveryMs = 1;
const defaultPatienceMs = 5000;

/**
 * A key that is written over and over with a running number by one client, and read over and over at one replica by another. Both in this process, so on
 * one clock. A write counts as seen by the answer that shows its number or a later one.
 */
export class StampedKey {
  readonly #writer: Pick<TanistClient, 'put'>;
  readonly #reader: Pick<EtcdClient, 'get'>;
  /** By number: when it was acknowledged, and seen. */
  readonly #acknowledgedMs = new Map<number, number>();
  readonly #seenMs = new Map<number, number>();
  #written = 0;
  #seen = 0;

  constructor(writer: Pick<TanistClient, 'put'>, reader: Pick<EtcdClient, 'get'>) {
    this.#writer = writer;
    this.#reader = reader;
  }

  /** From acknowledgement to sight, ms, of each write acknowledged; 0 where it was seen before, infinite where it never was. */
  get latenessMs(): readonly number[] {
    return [...this.#acknowledgedMs].map(([number, ackedMs]) =>
      Math.max(0, (this.#seenMs.get(number) ?? Number.POSITIVE_INFINITY) - ackedMs),
    );
  }

  /** `patienceMs`: for the last ones to be seen. */
  async run(forMs: number, patienceMs = defaultPatienceMs): Promise<void> {
    const untilMs = performance.now() + forMs;
    await Promise.all([this.#write(untilMs), this.#read(untilMs, patienceMs)]);
    // However long the last acknowledgement took: what it wrote has been looked for.
    await this.#look();
  }

  async #write(untilMs: number): Promise<void> {
    const under: Promise<unknown>[] = [];
    while (performance.now() < untilMs) {
      const number = ++this.#written;
      under.push(
        this.#writer.put(key, String(number)).then(() => this.#acknowledgedMs.set(number, performance.now())),
      );
      await delay(writeEveryMs);
    }
    await Promise.allSettled(under);
  }

  async #read(untilMs: number, patienceMs: number): Promise<void> {
    while (performance.now() < untilMs || (this.#unseen() && performance.now() < untilMs + patienceMs)) {
      await this.#look();
      await delay(readEveryMs);
    }
  }

  async #look(): Promise<void> {
    // An answer that did not come shows nothing.
    const answer = await this.#reader.get(key, { consistency: 'serializable' }).catch(() => null);
    const atMs = performance.now();
    const number = Number(Buffer.from(answer?.values[0]?.value ?? []).toString() || 0);
    for (let at = this.#seen + 1; at <= number; at++) this.#seenMs.set(at, atMs);
    this.#seen = Math.max(this.#seen, number);
  }

  #unseen(): boolean {
    return [...this.#acknowledgedMs.keys()].some((number) => number > this.#seen);
  }
}
