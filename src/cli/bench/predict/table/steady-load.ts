import { setTimeout as sleep } from 'node:timers/promises';
import { byteStringOfText } from '../../../../foundation/bytes.ts';
import { noLease, noSession } from '../../../../foundation/ids.ts';
import type { TanistNode } from '../../../../node/node.ts';
import type { Command, CommandBatch } from '../../../../ports/command.ts';
import { encodeCommandBatch } from '../../../../protocol/session/write-command.ts';

const batchesPerSecond = 10;

/** Values of so many keys, each changed once a second: seasons of different lengths with noise, walks, and noise around a level. */
export class SteadyLoad {
  readonly #node: TanistNode;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #walks: Float64Array;
  #second = 0;

  constructor(node: TanistNode, prefix: string, keys: number) {
    this.#node = node;
    this.#prefix = prefix;
    this.#keys = keys;
    this.#walks = new Float64Array(keys);
  }

  /** Writes for so long, a tenth of the keys every tenth of a second. */
  async run(seconds: number): Promise<void> {
    const startMs = performance.now();
    for (let tick = 0; tick < seconds * batchesPerSecond; tick++) {
      const part = tick % batchesPerSecond;
      if (part === 0) this.#second++;
      await this.#write(part);
      const waitMs = startMs + ((tick + 1) * 1000) / batchesPerSecond - performance.now();
      if (waitMs > 0) await sleep(waitMs);
    }
  }

  #write(part: number): Promise<void> {
    const commands: Command[] = [];
    for (let key = part; key < this.#keys; key += batchesPerSecond)
      commands.push({
        kind: 'put',
        space: 'user',
        key: byteStringOfText(`${this.#prefix}${String(key).padStart(6, '0')}`),
        value: byteStringOfText(this.#value(key).toFixed(3)),
        lease: noLease,
        previous: false,
        ignoreValue: false,
        ignoreLease: false,
      });
    return submit(this.#node, commands);
  }

  #value(key: number): number {
    const noise = Math.random() - 0.5;
    this.#walks[key] = (this.#walks[key] ?? 0) + noise;
    switch (key % 3) {
      case 0:
        return 50 + 20 * Math.sin((2 * Math.PI * (this.#second + key)) / (12 + (key % 20))) + 3 * noise;
      case 1:
        return 100 + (this.#walks[key] ?? 0);
      default:
        return 10 + 4 * noise;
    }
  }
}

/** Resolves when it is applied; fails where it was refused. */
export function submit(node: TanistNode, commands: readonly Command[]): Promise<void> {
  const batch: CommandBatch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
  return new Promise((resolve, reject) => {
    node.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      early: null,
      settle: (outcome) => {
        if (outcome.kind === 'refused') reject(new Error(outcome.message));
        else resolve();
      },
    });
  });
}
