import { clusterTimeMs, logIndex, noSession, term } from '../../../src/foundation/ids.ts';
import type { Command, Policy } from '../../../src/ports/command.ts';
import type { LogEntry } from '../../../src/ports/log-store.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import { encodeBlock } from '../../../src/protocol/session/block.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { b, put } from '../../state/commands.ts';
import { Bench } from '../bench.ts';
import { InProcessPredictor } from './in-process-predictor.ts';

const startMs = 1e12;

/** A follower whose leader is the test: an entry a second of cluster time. */
export class Stream {
  readonly predictor = new InProcessPredictor();
  readonly bench: Bench;
  #index = 0;
  #timeMs = startMs;
  #committed: number | null = null;

  constructor(series = 64) {
    this.bench = new Bench(1, ['a', 'b', 'c'], { prediction: { cpu: 1, memoryMb: 250, series } });
    this.bench.ports = { predictor: this.predictor };
  }

  async start(policy: Partial<Policy> = {}): Promise<void> {
    await this.bench.start();
    await this.step({
      kind: 'setPolicy',
      prefix: b('p/'),
      policy: { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy, ...policy },
    });
  }

  /** A second passes, with these commands at its end. */
  async step(...commands: readonly Command[]): Promise<void> {
    this.#append(commands, this.#index + 1);
    await this.bench.run(1000);
  }

  /** Two seconds, as far as a block takes cluster time, with a key at their end that nobody predicts. */
  async pause(): Promise<void> {
    this.#timeMs += 1000;
    await this.bench.run(1000);
    await this.step(put('q', '1'));
  }

  /** The same, but the leader does not say any more that it is committed. */
  async uncommitted(...commands: readonly Command[]): Promise<void> {
    this.#committed ??= this.#index;
    this.#append(commands, this.#committed);
    await this.bench.run(1000);
  }

  /** Of the newest entry. */
  get timeMs(): number {
    return this.#timeMs;
  }

  #append(commands: readonly Command[], commit: number): void {
    this.#timeMs += 1000;
    this.#index++;
    const bytes = encodeCommandBatch({
      session: noSession,
      firstNumber: 0,
      acknowledgedThrough: 0,
      commands,
    });
    const entry: LogEntry = {
      term: term(1),
      index: logIndex(this.#index),
      kind: 'commands',
      payload: encodeBlock(clusterTimeMs(this.#timeMs), [bytes]),
    };
    this.bench.append('a', 1, [entry], commit);
  }

  /** So many seconds of one key, a little more each. */
  async rising(key: string, seconds: number, of: (second: number) => string): Promise<void> {
    for (let second = 1; second <= seconds; second++) await this.step(put(key, of(second)));
  }

  get prediction() {
    return this.bench.node.prediction!;
  }
}
