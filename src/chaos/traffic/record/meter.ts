import { quantile, rounded } from '../../../foundation/statistics.ts';
import type { RevisionObservation } from '../../../verification/guarantees/revisions.ts';
import type { Sample } from '../../traffic.ts';
import { startLoopWatch } from './loop-watch.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

const sampleEveryMs = 250;

/** A time in which no call was answered. Ms since the run began. */
export interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Shorter ones are not kept. */
const silenceMs = 100;
const keptSilences = 10_000;

/** What an answer says of the space's revision; null: nothing that can be held against other answers. */
export type Observe<Answer> = (
  answer: Answer,
) => { readonly kind: 'write' | 'read'; readonly revision: number } | null;

/** Through here every call of the traffic goes: counts, samples, and revisions as real time saw them. */
export class Meter {
  /** Since they were forgotten last. */
  samples: Sample[] = [];
  readonly silences: Silence[] = [];
  #answeredMs: number;
  readonly #loop;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #observations: RevisionObservation[] = [];
  /** Of calls and returns alike: their order is real time. */
  #position = 0;
  #operation = 0;
  #stopped = false;
  acknowledged = 0;
  failed = 0;
  indeterminate = 0;
  /** As they were at the last sample. */
  #before = { acknowledged: 0, failed: 0, indeterminate: 0 };
  #latencies: number[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#answeredMs = nowMs();
    this.#loop = startLoopWatch(nowMs);
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  get operations(): number {
    return this.#operation;
  }

  get stalls() {
    return this.#loop.stalls;
  }

  /** A call that no member answers without a majority: its answer ends a silence. */
  async call<Answer>(
    call: () => Promise<Answer>,
    observe: Observe<Answer> = () => null,
  ): Promise<Outcome<Answer>> {
    const outcome = await this.callAny(call, observe);
    if (outcome.kind === 'ok') this.#answered(this.#nowMs());
    return outcome;
  }

  /** One that a single member may answer: while there is no majority, cluster time stands still all the same. */
  async callAny<Answer>(
    call: () => Promise<Answer>,
    observe: Observe<Answer> = () => null,
  ): Promise<Outcome<Answer>> {
    const operation = this.#operation++;
    const called = this.#position++;
    const calledMs = this.#nowMs();
    const outcome = await outcomeOf(call);
    const returned = this.#position++;
    switch (outcome.kind) {
      case 'ok': {
        this.acknowledged++;
        this.#latencies.push(this.#nowMs() - calledMs);
        const seen = observe(outcome.answer);
        if (seen !== null) this.#observations.push({ operation, ...seen, called, returned });
        break;
      }
      case 'fail':
        this.failed++;
        break;
      default:
        this.indeterminate++;
    }
    return outcome;
  }

  /** What was observed since it was asked last. */
  takeObservations(): readonly RevisionObservation[] {
    const observations = this.#observations;
    this.#observations = [];
    return observations;
  }

  /** Whoever holds them keeps them; new ones go to a new list. */
  forgetSamples(): void {
    this.samples = [];
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#sample();
    this.#loop.stop();
  }

  #answered(atMs: number): void {
    if (atMs - this.#answeredMs > silenceMs) this.silences.push({ fromMs: this.#answeredMs, toMs: atMs });
    if (this.silences.length > keptSilences) this.silences.shift();
    this.#answeredMs = atMs;
  }

  #sample(): void {
    const { acknowledged, failed, indeterminate } = this;
    const latencies = this.#latencies;
    this.#latencies = [];
    this.samples.push({
      atMs: this.#nowMs(),
      acknowledged: acknowledged - this.#before.acknowledged,
      failed: failed - this.#before.failed,
      indeterminate: indeterminate - this.#before.indeterminate,
      p50Ms: latencies.length === 0 ? 0 : rounded(quantile(latencies, 0.5)),
      p99Ms: latencies.length === 0 ? 0 : rounded(quantile(latencies, 0.99)),
      lagMs: rounded(this.#loop.takeWorstMs()),
    });
    this.#before = { acknowledged, failed, indeterminate };
  }
}
