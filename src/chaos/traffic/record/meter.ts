import { quantile, rounded } from '../../../foundation/statistics.ts';
import type { RevisionObservation } from '../../../verification/guarantees/revisions.ts';
import type { Sample } from '../../traffic.ts';
import { startLoopWatch } from './loop-watch.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

const sampleEveryMs = 250;

/** A time in which writes waited and none was answered. Ms since the run began. */
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
  /** Since when writes wait and none was answered; null: none waits. */
  #silentMs: number | null = null;
  #writes = 0;
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
    this.#loop = startLoopWatch(nowMs);
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  get operations(): number {
    return this.#operation;
  }

  get stalls() {
    return this.#loop.stalls;
  }

  /**
   * A call that is answered when it is committed, whatever it does: its answer ends a silence, for cluster time travels with what is committed. Reads may be
   * answered while that stands still.
   */
  async write<Answer>(
    call: () => Promise<Answer>,
    observe: Observe<Answer> = () => null,
  ): Promise<Outcome<Answer>> {
    this.#silentMs ??= this.#nowMs();
    this.#writes++;
    const outcome = await this.call(call, observe);
    this.#writes--;
    if (outcome.kind === 'ok') this.#committed(this.#nowMs());
    return outcome;
  }

  async call<Answer>(
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

  #committed(atMs: number): void {
    const fromMs = this.#silentMs ?? atMs;
    if (atMs - fromMs > silenceMs) this.silences.push({ fromMs, toMs: atMs });
    if (this.silences.length > keptSilences) this.silences.shift();
    this.#silentMs = this.#writes > 0 ? atMs : null;
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
