import { type ByteString, emptyBytes, textOf } from '../../foundation/bytes.ts';
import type { Random } from '../../foundation/random.ts';
import type { TanistNode } from '../../node/node.ts';
import { defaultPredictPolicy } from '../../ports/prediction.ts';
import type { PredictedRangeResult } from '../../ports/result.ts';
import type { Findings } from '../checks/findings.ts';
import type { Machine } from '../machine.ts';
import type { PredictionPlan } from '../plan/predictions.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { range } from './commands.ts';
import { Forecaster } from './forecaster.ts';
import type { Recorder } from './recorder.ts';
import { submit } from './submit.ts';

export interface PredictionsParts {
  readonly plan: PredictionPlan;
  readonly scheduler: Scheduler;
  readonly machines: readonly Machine[];
  readonly leader: () => Machine | null;
  readonly random: Random;
  readonly findings: Findings;
  readonly recorder: Recorder;
}

const everything = { ...range(''), key: '\0' as ByteString, rangeEnd: '\0' as ByteString };

/** Leaders that predict now and then, and readers of what is predicted. What is predicted at promotions the machines bring themselves. */
export class Predictions {
  readonly #parts: PredictionsParts;
  readonly #forecasters = new Map<TanistNode, Forecaster>();
  #policySet = false;
  #stopped = false;

  constructor(parts: PredictionsParts) {
    this.#parts = parts;
  }

  start(): void {
    const { plan } = this.#parts;
    this.#everyMs(plan.everyMs, () => this.#propose());
    this.#everyMs(plan.readEveryMs, () => this.#read());
  }

  stop(): void {
    this.#stopped = true;
  }

  #everyMs(everyMs: number, act: () => void): void {
    const { scheduler } = this.#parts;
    if (everyMs === 0) return;
    const next = (): void => {
      if (this.#stopped) return;
      act();
      scheduler.after(everyMs, next);
    };
    scheduler.after(200, next);
  }

  #propose(): void {
    const leader = this.#parts.leader();
    const { node = null, life = null } = leader ?? {};
    if (leader === null || node === null || life === null || !node.inspect().open) return;
    if (!this.#policySet) this.#setPolicy(leader);
    const predictions = this.#forecasterOf(node).preApply(node.state.timeMs);
    if (predictions.length > 0) life.enter(() => void node.proposePredictions(predictions).catch(() => {}));
  }

  #forecasterOf(node: TanistNode): Forecaster {
    let forecaster = this.#forecasters.get(node);
    if (forecaster === undefined) {
      const name = `forecaster ${this.#forecasters.size}`;
      forecaster = new Forecaster(() => node.state, this.#parts.random.fork(name));
      this.#forecasters.set(node, forecaster);
    }
    return forecaster;
  }

  #setPolicy(machine: Machine): void {
    const policy = { acknowledge: 'quorum', tier: 'full', predict: defaultPredictPolicy } as const;
    submit(machine, { kind: 'setPolicy', prefix: emptyBytes, policy }, ({ kind }) => {
      if (kind === 'setPolicy') this.#policySet = true;
    });
  }

  #read(): void {
    const { machines, random } = this.#parts;
    const { node, life } = random.pick(machines);
    const minConfidence = random.pick([0, 0, 0.5]);
    life?.enter(() =>
      node?.read(everything, { minConfidence }, (outcome) => {
        if (!(outcome instanceof Error) && 'predictions' in outcome)
          this.#check(node, outcome, minConfidence);
      }),
    );
  }

  /** Promise 5, as a reader sees it; what is true in the answer is some past state like any other. */
  #check(
    node: TanistNode,
    { revision, values, predictions }: PredictedRangeResult,
    minConfidence: number,
  ): void {
    const { findings, recorder } = this.#parts;
    const wrong = (what: string): void => findings.report('predicted-read', `${node.id}: ${what}`);
    for (const { key, value } of values)
      recorder.datedReads.push({ key: textOf(key), revision, value: textOf(value) });
    const modified = new Map(values.map(({ key, modRevision }) => [key, modRevision]));
    for (const { prediction, ageMs } of predictions) {
      const { key, madeFrom, validUntilMs, confidence } = prediction;
      const what = `${textOf(key)} made from ${madeFrom}, until ${validUntilMs}`;
      if (modified.get(key) !== madeFrom)
        wrong(`${what}, but the key is of ${modified.get(key) ?? 'nothing'}`);
      if (node.state.timeMs > validUntilMs) wrong(`${what}, at ${node.state.timeMs}`);
      if (confidence < minConfidence) wrong(`${what}, of confidence ${confidence}, not ${minConfidence}`);
      if (!(ageMs >= 0)) wrong(`${what}, ${ageMs} ms old`);
    }
  }
}
