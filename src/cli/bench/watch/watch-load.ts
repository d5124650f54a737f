import { createHistogram } from 'node:perf_hooks';
import { present } from '../../../foundation/assert.ts';
import { etcdClient } from '../../../local/etcd/etcd-client.ts';
import type { LoadResult } from '../load/latencies.ts';
import { sampleKeys } from '../load/samples.ts';
import { MessageStream } from './message-stream.ts';
import type { WatchFormat } from './watch-format.ts';

export interface WatchShape {
  readonly keys: number;
  readonly watchersPerKey: number;
}

export interface WatchLoad {
  /** Puts whose events have not reached all their watchers. */
  readonly inFlight: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly valueBytes: number;
}

/** As a few busy clients have them: many watches on a stream. */
const streams = 10;

/** Watchers of one shape, spread over streams and nodes, and puts whose events they wait for. */
export class Watchers {
  readonly #shape: WatchShape;
  readonly #puts: ReturnType<typeof etcdClient>;
  #streams: readonly MessageStream[] = [];
  #event: (valueAt: number, message: Buffer) => void = () => {};
  #lost: Error | null = null;

  /** Puts go to the first endpoint, the leader's. */
  constructor(endpoints: readonly string[], shape: WatchShape) {
    this.#shape = shape;
    this.#puts = etcdClient(endpoints);
  }

  /** Resolves when all watches are there. */
  async open(endpoints: readonly string[], format: WatchFormat): Promise<void> {
    const { keys, watchersPerKey } = this.#shape;
    const names = sampleKeys(keys);
    let open = keys * watchersPerKey;
    await new Promise<void>((resolve, reject) => {
      this.#streams = Array.from(
        { length: streams },
        (_, i) =>
          new MessageStream(
            present(endpoints[i % endpoints.length], 'an endpoint'),
            format.path,
            (message) => {
              if (format.read(message, (at) => this.#event(at, message)) && --open === 0) resolve();
            },
            (error) => {
              this.#lost ??= error;
              reject(error);
            },
          ),
      );
      for (let i = 0; i < keys * watchersPerKey; i++)
        this.#streams[i % streams]?.send(format.create(i, present(names[i % keys], 'a key')));
    });
  }

  /** Each put says in its value when it was sent and which it is; the next one starts when all watchers of one have heard of it. */
  async run({ inFlight, seconds, warmUpSeconds, valueBytes }: WatchLoad): Promise<LoadResult> {
    const { keys, watchersPerKey } = this.#shape;
    const names = sampleKeys(keys);
    const delays = createHistogram({ figures: 3 });
    const missing = new Map<number, number>();
    const countFromMs = performance.now() + warmUpSeconds * 1000;
    const untilMs = countFromMs + seconds * 1000;
    let sequence = 0;
    let delivered = 0;
    await new Promise<void>((resolve, reject) => {
      const put = (): void => {
        const number = sequence++;
        const value = Buffer.alloc(Math.max(12, valueBytes));
        value.writeUInt32LE(number, 8);
        value.writeDoubleLE(performance.now(), 0);
        missing.set(number, watchersPerKey);
        this.#puts.put(0, present(names[number % keys], 'a key'), value).catch(reject);
      };
      this.#event = (at, message) => {
        const nowMs = performance.now();
        if (nowMs >= countFromMs && nowMs < untilMs) {
          delivered++;
          delays.record(Math.max(1, Math.round((nowMs - message.readDoubleLE(at)) * 1000)));
        }
        const number = message.readUInt32LE(at + 8);
        const left = (missing.get(number) ?? 0) - 1;
        if (left > 0) missing.set(number, left);
        else {
          missing.delete(number);
          if (nowMs < untilMs) put();
          else if (missing.size === 0) resolve();
        }
      };
      setTimeout(
        () => reject(this.#lost ?? new Error(`${missing.size} puts reach not all their watchers`)),
        (warmUpSeconds + seconds + 30) * 1000,
      ).unref();
      for (let i = 0; i < inFlight; i++) put();
    });
    this.#event = () => {};
    return {
      perSecond: delivered / seconds,
      p50Ms: delays.percentile(50) / 1000,
      p99Ms: delays.percentile(99) / 1000,
      maxMs: delays.max / 1000,
      operations: delivered,
      failed: 0,
    };
  }

  close(): void {
    for (const stream of this.#streams) stream.close();
    this.#puts.close();
  }
}
