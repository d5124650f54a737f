import { setTimeout as sleep } from 'node:timers/promises';
import { byteStringOfText } from '../../../../foundation/bytes.ts';
import { noLease, noSession } from '../../../../foundation/ids.ts';
import type { TanistNode } from '../../../../node/node.ts';
import type { Command, CommandBatch } from '../../../../ports/command.ts';
import { encodeCommandBatch } from '../../../../protocol/session/write-command.ts';
import { SteadyValues } from './steady-values.ts';

const batchesPerSecond = 10;

/** Keys that change once a second. */
export class SteadyLoad {
  readonly #node: TanistNode;
  readonly #prefix: string;
  readonly #keys: number;
  readonly #values: SteadyValues;

  constructor(node: TanistNode, prefix: string, keys: number) {
    this.#node = node;
    this.#prefix = prefix;
    this.#keys = keys;
    this.#values = new SteadyValues(keys);
  }

  /** Writes for so long, a tenth of the keys every tenth of a second. */
  async run(seconds: number): Promise<void> {
    const startMs = performance.now();
    for (let tick = 0; tick < seconds * batchesPerSecond; tick++) {
      const part = tick % batchesPerSecond;
      if (part === 0) this.#values.next();
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
        value: byteStringOfText(this.#values.of(key)),
        lease: noLease,
        previous: false,
        ignoreValue: false,
        ignoreLease: false,
      });
    return submit(this.#node, commands);
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
