import { noSession } from '../../../src/foundation/ids.ts';
import type { Learning } from '../../../src/node/learning/learning.ts';
import { defaultLearning, type LearningOptions } from '../../../src/node/learning/learning-options.ts';
import type { Command } from '../../../src/ports/command.ts';
import type { NodeLog } from '../../../src/ports/node-log.ts';
import { defaultPredictPolicy } from '../../../src/ports/prediction.ts';
import type { Model } from '../../../src/prediction/neural/model.ts';
import { encodeModelFile } from '../../../src/prediction/neural/model-file.ts';
import { encodeCommandBatch } from '../../../src/protocol/session/write-command.ts';
import { small } from '../../prediction/learning/processes.ts';
import { b, put } from '../../state/commands.ts';
import { Bench } from '../bench.ts';
import { ScriptedPredictor } from './scripted-predictor.ts';

/** A leader that learns, on simulated time; its worker's answers are real ones or the test's. */
export class LearningBench {
  readonly predictor = new ScriptedPredictor();
  readonly bench: Bench;

  constructor(
    given: Partial<LearningOptions> = {},
    voters: readonly string[] = ['b'],
    base = async (): Promise<Model> => small,
  ) {
    const learning = { ...defaultLearning, cpu: 1, everyMs: 10_000, ...given };
    this.bench = new Bench(1, voters, { prediction: { cpu: 1, memoryMb: 250, series: 64 }, learning });
    this.bench.ports = {
      predictor: this.predictor,
      localModels: async () => [{ name: 'gru-base', bytes: encodeModelFile(await base()) }],
    };
  }

  get learning(): Learning {
    return this.bench.node.learning!;
  }

  get status() {
    return this.learning.status();
  }

  /** Leads, with one key that is predicted. */
  async lead(nodeLog?: NodeLog): Promise<void> {
    await this.bench.start(nodeLog);
    await this.bench.lead();
    await this.do({
      kind: 'setPolicy',
      prefix: b('p/'),
      policy: { acknowledge: 'quorum', tier: 'full', predict: { ...defaultPredictPolicy, stepMs: 100 } },
    });
    await this.do(put('p/x', '1'));
    await this.pass(300);
  }

  async do(...commands: readonly Command[]): Promise<void> {
    const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
    let settled = false;
    this.bench.node.submit({
      bytes: encodeCommandBatch(batch),
      batch,
      early: null,
      settle: () => {
        settled = true;
      },
    });
    for (let turn = 0; turn < 100 && !settled; turn++) await this.pass(10);
  }

  /** Simulated time passes; peers answer. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.bench.scheduler.nowMs + ms;
    while (this.bench.scheduler.nowMs < untilMs) {
      await this.bench.run(Math.min(100, untilMs - this.bench.scheduler.nowMs));
      this.bench.answer();
    }
  }

  /** Time passes, and the worker works, until this holds. */
  async until(holds: () => boolean, mostMs = 600_000): Promise<boolean> {
    const untilMs = this.bench.scheduler.nowMs + mostMs;
    while (!holds()) {
      if (this.bench.scheduler.nowMs >= untilMs) return false;
      await this.pass(250);
      await Promise.race([this.predictor.idle(), new Promise((resolve) => setImmediate(resolve))]);
    }
    return true;
  }
}
