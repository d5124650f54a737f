import { asError } from '../../foundation/errors.ts';
import type { Term } from '../../foundation/ids.ts';
import type { LearningState } from '../../ports/learning-status.ts';
import { callOff, type Worked } from '../../prediction/learning/calls.ts';
import type { Model } from '../../prediction/neural/model.ts';
import { leadsNot } from '../refusals.ts';
import type { Gatherer } from './gatherer.ts';
import { roundOptionsOf } from './learning-options.ts';
import type { LearningParts } from './learning-parts.ts';
import { type ModelRecord, type Version, versionOf } from './model-record.ts';
import { nextVersion, rolledBack } from './next-version.ts';
import { forgetOld, publish } from './publish.ts';
import { type Outcome, tryOut, type WorkParts } from './rounds.ts';
import type { Tally } from './tally.ts';

/** A version in use is looked at so often until it is decided on, and for so many rounds' time at most. */
const trialMs = 30_000;
const trialRounds = 10;
/** After a roll-back rounds are rarer, by twice each time, at most by this factor. */
const rarest = 32;

interface UnderWay {
  readonly state: LearningState;
  readonly term: Term;
  readonly base: Version;
  /** Revision of the model's key that what is made follows on. */
  readonly follows: number;
}

export interface LearningWorkParts extends LearningParts {
  readonly record: ModelRecord;
  readonly tally: Tally;
  readonly gatherer: Gatherer;
}

/** The leader's long calls of the worker, one at a time, and what is published of them. */
export class Work {
  readonly #parts: LearningWorkParts;
  /** Hash of the version that stays. */
  #decided = '';
  #tried: { readonly hash: string; readonly sinceMs: number } | null = null;
  #underWay: UnderWay | null = null;
  #roundAtMs = 0;
  #trialAtMs = 0;
  #rarer = 1;
  #rounds = 0;
  #cpuShare = 0;

  constructor(parts: LearningWorkParts) {
    this.#parts = parts;
  }

  /** Null: nothing is under way. */
  get state(): LearningState | null {
    return this.#underWay?.state ?? null;
  }

  /** Part of one core that the last call took, over its time. */
  get cpuShare(): number {
    return this.#cpuShare;
  }

  /** Another leader, or none: what is under way is called off. */
  follow(nowMs: number): void {
    this.#roundAtMs = nowMs + this.#parts.options.everyMs;
    this.#trialAtMs = nowMs + Math.min(trialMs, this.#parts.options.everyMs);
    this.#rarer = 1;
    this.callOff();
  }

  callOff(): void {
    if (this.#underWay === null) return;
    this.#discard('leadership ended, or the node stops');
    this.#parts.predictor.call(callOff, null).catch(() => {});
  }

  roundIsDue(nowMs: number): boolean {
    return nowMs >= this.#roundAtMs;
  }

  trialIsDue(nowMs: number): boolean {
    return nowMs >= this.#trialAtMs;
  }

  /** Whether the present version is still to show that it is no worse than the one before. */
  onTrial(): boolean {
    const { current, previous } = this.#parts.record;
    if (current === null || previous === null || this.#decided === current.hash) return false;
    const { provenance, weights } = current.model;
    if (provenance === undefined || provenance.kind === 'rolled-back') return false;
    return weights.length === previous.model.weights.length;
  }

  /** Publishes what `act` made of the version, if it made something better. */
  async round(
    state: LearningState,
    term: Term,
    base: Version,
    act: (parts: WorkParts) => Promise<Outcome>,
  ): Promise<void> {
    const { tally, feed, clusterNowMs } = this.#parts;
    if (state === 'training')
      this.#roundAtMs = feed.clock.nowMs() + this.#parts.options.everyMs * this.#rarer;
    const work = this.#begin(state, term, base);
    const outcome = await this.#worked(work, act);
    if (outcome === null) return;
    tally.count('rounds');
    const { weights, kind, reason } = outcome;
    if (weights === null) {
      this.#underWay = null;
      tally.rejected(reason);
      feed.nodeLog.info('model-rejected', { kind, reason });
    } else await this.#publish(work, nextVersion(base, outcome, weights, clusterNowMs()));
  }

  /** Watches the present version in use; worse than the one before, it gives way to that one's weights. */
  async trial(term: Term, base: Version): Promise<void> {
    const { feed, options, record, tally, clusterNowMs } = this.#parts;
    const nowMs = feed.clock.nowMs();
    this.#trialAtMs = nowMs + Math.min(trialMs, options.everyMs);
    if (this.#tried?.hash !== base.hash) this.#tried = { hash: base.hash, sinceMs: nowMs };
    // Nobody waits for ever for values that do not come, or for a comparison that fails.
    if (nowMs - this.#tried.sinceMs > trialRounds * options.everyMs) {
      this.#decided = base.hash;
      return;
    }
    const work = this.#begin('trying', term, base);
    const verdict = await this.#worked(work, (parts) => tryOut(parts, options.trialOrigins));
    if (verdict === null) return;
    const { previous } = record;
    if (verdict.kind !== 'worse' || previous === null) {
      this.#underWay = null;
      if (verdict.kind === 'kept') this.#decided = base.hash;
      return;
    }
    const { reason, comparison } = verdict;
    if (!(await this.#publish(work, rolledBack(base, previous, comparison, reason, clusterNowMs())))) return;
    tally.rolledBack(reason);
    this.#rarer = Math.min(rarest, 2 * this.#rarer);
    this.#roundAtMs = nowMs + options.everyMs * this.#rarer;
  }

  failed(error: Error): void {
    this.#parts.tally.failed(error.message);
    this.#parts.feed.nodeLog.warn('learning-failed', { error: error.message });
  }

  #begin(state: LearningState, term: Term, base: Version): UnderWay {
    const work = { state, term, base, follows: this.#parts.record.modified };
    this.#underWay = work;
    return work;
  }

  #discard(why: string): void {
    this.#underWay = null;
    this.#parts.tally.count('discarded');
    this.#parts.feed.nodeLog.info('learning-discarded', { why });
  }

  /** Works on fresh data; null: it came to nothing, or nobody wants it any more. */
  async #worked<T extends Worked>(work: UnderWay, act: (parts: WorkParts) => Promise<T>): Promise<T | null> {
    const { feed, seriesCount, gatherer } = this.#parts;
    try {
      if (seriesCount() > 0) await gatherer.gather();
      const fromMs = feed.clock.nowMs();
      const answer = await act(this.#workParts(work.base));
      this.#cpuShare = answer.workedMs / Math.max(1, feed.clock.nowMs() - fromMs, answer.workedMs);
      return this.#underWay === work ? answer : null;
    } catch (error) {
      if (this.#underWay === work) {
        this.failed(asError(error));
        this.#discard(asError(error).message);
      }
      return null;
    }
  }

  #workParts(base: Version): WorkParts {
    const { predictor, options, round = {}, random, record } = this.#parts;
    this.#rounds++;
    const seed = `${base.hash.slice(0, 16)}/${this.#rounds}/${random.below(2 ** 32)}`;
    const { previous } = record;
    return { predictor, share: options.cpu, options: roundOptionsOf(options, seed, round), base, previous };
  }

  async #publish(work: UnderWay, model: Model): Promise<boolean> {
    const { feed, leads, submit, valueBytes, tally, record } = this.#parts;
    const next = versionOf(model);
    const isBack = model.provenance?.kind === 'rolled-back';
    try {
      // Between the last look and now leadership may have changed hands: a version is published by who trained it, in its term, or not at all.
      if (leads() !== work.term) throw leadsNot();
      await publish({ next, previous: isBack ? null : work.base, follows: work.follows }, valueBytes, submit);
    } catch (error) {
      this.failed(asError(error));
      if (this.#underWay === work) this.#discard(asError(error).message);
      return false;
    }
    if (this.#underWay === work) this.#underWay = null;
    tally.count('published');
    if (feed.state.whole) {
      record.refresh();
      forgetOld(feed.state, submit);
    }
    const { version, provenance } = model;
    feed.nodeLog.info('model-published', {
      version,
      hash: next.hash,
      kind: provenance?.kind,
      reason: provenance?.reason,
    });
    return true;
  }
}
