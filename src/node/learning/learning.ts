import { asError, TanistError } from '../../foundation/errors.ts';
import type { Term } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { Timer } from '../../ports/clock.ts';
import type { LearningState, LearningStatus } from '../../ports/learning-status.ts';
import { callOff, gatherCall, type StoreFigures, type Worked } from '../../prediction/learning/calls.ts';
import { type Contribution, contributionLimits } from '../../prediction/learning/contribution.ts';
import { FederatedRound } from '../../prediction/learning/federated-round.ts';
import type { RoundOptions } from '../../prediction/learning/options.ts';
import type { Model } from '../../prediction/neural/model.ts';
import type { Predictor } from '../prediction/online-prediction.ts';
import type { Proposal } from '../proposals.ts';
import { leadsNot } from '../refusals.ts';
import type { ReplicaFeed } from '../replica-feed.ts';
import { type LearningOptions, roundOptionsOf } from './learning-options.ts';
import { factsOf, learnedModel, ModelRecord, modelKey, type Version, versionOf } from './model-record.ts';
import { publish } from './publish.ts';
import { federate, type Outcome, train, tryOut, type WorkParts } from './rounds.ts';
import { ShownPredictions } from './shown-predictions.ts';

export interface LearningParts {
  readonly feed: ReplicaFeed;
  readonly predictor: Predictor;
  readonly options: LearningOptions;
  /** What a round is otherwise; for tests. */
  readonly round?: Partial<RoundOptions>;
  readonly random: Random;
  /** The model that came with the program. Errors: `model-missing` and others of model files. */
  readonly baseModel: () => Promise<Model>;
  /** The term that this node leads in, once it may write; null: it does not. */
  readonly leads: () => Term | null;
  readonly clusterNowMs: () => number;
  /** Series that are predicted here. */
  readonly seriesCount: () => number;
  readonly valueBytes: number;
  readonly submit: (proposal: Proposal) => void;
}

const lookMs = 250;
const gatherMs = 60_000;
/** A version in use is looked at so often until it is decided on, and for so many rounds' time at most. */
const trialMs = 30_000;
const trialRounds = 10;
/** After a roll-back rounds are rarer, by this factor each time, at most. */
const rarest = 32;

interface Work {
  readonly state: LearningState;
  readonly term: Term;
  readonly base: Version;
  readonly follows: number;
}

/**
 * The cluster's model goes on learning: the leader trains in its worker on what it has seen, and publishes what is better through the log; all others take
 * that from the log. What leadership began ends with it: a round under way is called off, contributions are void.
 */
export class Learning {
  readonly #parts: LearningParts;
  readonly #record: ModelRecord;
  readonly #shown = new ShownPredictions();
  readonly #counts = {
    rounds: 0,
    published: 0,
    rejected: 0,
    discarded: 0,
    rolledBack: 0,
    contributed: 0,
    refused: 0,
  };
  readonly #last = { rejection: '', rollBack: '', error: '' };
  readonly #decided = new Set<string>();
  readonly #ends: (() => void)[] = [];
  #figures: StoreFigures = { series: 0, leftOut: 0, bytes: 0 };
  #work: Work | null = null;
  #federated: FederatedRound | null = null;
  #term: Term | null = null;
  #gathering = false;
  #gatherAtMs = 0;
  #roundAtMs = 0;
  #trialAtMs = 0;
  #rarer = 1;
  #cpuShare = 0;
  #seed = 0;
  #timer: Timer | null = null;
  #closed = false;

  constructor(parts: LearningParts) {
    this.#parts = parts;
    this.#record = new ModelRecord(parts.feed.state);
  }

  start(): void {
    const { feed, baseModel } = this.#parts;
    this.#ends.push(
      feed.listen({
        applied: (deltas) => {
          this.#shown.applied(deltas);
          if (deltas.some(({ space, key }) => space === 'system' && key === modelKey)) this.#record.changed();
        },
        membersChanged: () => {},
        ended: () => {
          this.#shown.clear();
          this.#record.changed();
        },
      }),
    );
    baseModel().then(
      (model) => this.#record.setBase(model),
      (error: unknown) => this.#failed(asError(error)),
    );
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#callOff();
    for (const end of this.#ends.splice(0)) end();
  }

  /** The version in use. Errors: `model-missing`, or what is wrong with the one in the log. */
  model(): Version {
    this.#refresh();
    const { current, fault } = this.#record;
    if (current !== null) return current;
    if (fault !== null)
      throw new TanistError('model-invalid', `${fault}; publish another, or remove its key`);
    throw new TanistError(
      'model-missing',
      `there is no model here: ${this.#last.error || 'it is being loaded'}`,
    );
  }

  /** Takes a contribution to the present version. Errors: `learning-off`, `not-leader`, `model-missing`, those of `FederatedRound.offer`. */
  contribute(given: Contribution): { readonly waiting: number; readonly wanted: number } {
    const { options, leads, feed } = this.#parts;
    const { enabled, federated } = options;
    try {
      if (!enabled || !federated.enabled)
        throw new TanistError(
          'learning-off',
          `${feed.id} takes no contributions: prediction.learning${enabled ? '.federated' : ''}.enabled is false in its config`,
        );
      if (leads() === null) throw leadsNot();
      const round = this.#roundOf(this.model());
      round.offer(given, feed.clock.nowMs());
      this.#counts.contributed++;
      return { waiting: round.size, wanted: federated.wanted };
    } catch (error) {
      if (error instanceof TanistError && !error.retryable) this.#counts.refused++;
      throw error;
    }
  }

  status(): LearningStatus {
    const { current } = this.#record;
    const { rejection, rollBack, error } = this.#last;
    return {
      state: this.#state(),
      model: current === null ? null : factsOf(current),
      ...this.#counts,
      lastRejection: rejection,
      lastRollBack: rollBack,
      lastError: error,
      waiting: this.#federated?.size ?? 0,
      wanted: this.#parts.options.federated.wanted,
      ...this.#figures,
      shown: this.#shown.count,
      cpuShare: this.#cpuShare,
    };
  }

  #state(): LearningState {
    if (!this.#parts.options.enabled || this.#closed) return 'off';
    if (this.#work !== null) return this.#work.state;
    if (this.#term === null) return 'following';
    return this.#onTrial() ? 'trying' : 'waiting';
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#parts.feed.clock.after(lookMs, () => {
      this.#schedule();
      this.#look();
    });
  }

  #refresh(): void {
    if (this.#parts.feed.state.whole) this.#record.refresh();
  }

  /** What is due, one thing at a time. */
  #look(): void {
    const { leads, options, predictor, feed, seriesCount } = this.#parts;
    const nowMs = feed.clock.nowMs();
    this.#refresh();
    this.#follow(leads(), nowMs);
    if (!options.enabled || predictor.state !== 'running') return;
    const hasSeries = seriesCount() > 0;
    if (hasSeries && nowMs >= this.#gatherAtMs) void this.#gather();
    const { current: base } = this.#record;
    const term = this.#term;
    if (term === null || base === null || this.#work !== null) return;
    const begin = (state: LearningState): Work => ({ state, term, base, follows: this.#record.modified });
    if (this.#federated?.base.hash !== base.hash) this.#federated = null;
    if (this.#federated?.isDue(nowMs, options.federated) === true) {
      void this.#run(begin('averaging'), (parts) =>
        federate(parts, this.#takeContributions(), options.federated.noise),
      );
    } else if (hasSeries && this.#onTrial()) {
      if (nowMs >= this.#trialAtMs) void this.#try(begin('trying'), nowMs);
    } else if (hasSeries && nowMs >= this.#roundAtMs) {
      this.#roundAtMs = nowMs + options.everyMs * this.#rarer;
      void this.#run(begin('training'), train);
    }
  }

  /** Leadership came or went: what was begun under another is void. */
  #follow(term: Term | null, nowMs: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#federated = null;
    this.#roundAtMs = nowMs + this.#parts.options.everyMs;
    this.#trialAtMs = nowMs + trialMs;
    this.#rarer = 1;
    this.#callOff();
  }

  #callOff(): void {
    if (this.#work === null) return;
    this.#discard('leadership ended, or the node stops');
    this.#parts.predictor.call(callOff, null).catch(() => {});
  }

  #discard(why: string): void {
    this.#work = null;
    this.#counts.discarded++;
    this.#parts.feed.nodeLog.info('learning-discarded', { why });
  }

  async #gather(): Promise<void> {
    if (this.#gathering) return;
    const { predictor, options, feed } = this.#parts;
    this.#gathering = true;
    this.#gatherAtMs = feed.clock.nowMs() + gatherMs;
    try {
      const request = {
        memoryBytes: options.memoryMb * 1024 * 1024,
        shown: this.#shown.take(),
        options: this.#options(''),
      };
      this.#figures = await predictor.call(gatherCall, request);
    } catch (error) {
      this.#failed(asError(error));
    } finally {
      this.#gathering = false;
    }
  }

  #options(seed: string): RoundOptions {
    return roundOptionsOf(this.#parts.options, seed, this.#parts.round ?? {});
  }

  #workParts(base: Version): WorkParts {
    const { predictor, options, random } = this.#parts;
    this.#seed++;
    const seed = `${base.hash.slice(0, 16)}/${this.#seed}/${random.below(2 ** 32)}`;
    return {
      predictor,
      share: options.cpu,
      options: this.#options(seed),
      base,
      previous: this.#record.previous,
    };
  }

  /** Works with fresh data; null: it came to nothing, or nobody wants it any more. */
  async #worked<T extends Worked>(work: Work, act: (parts: WorkParts) => Promise<T>): Promise<T | null> {
    this.#work = work;
    const { clock } = this.#parts.feed;
    try {
      if (this.#parts.seriesCount() > 0) await this.#gather();
      const fromMs = clock.nowMs();
      const answer = await act(this.#workParts(work.base));
      this.#cpuShare = answer.workedMs / Math.max(1, clock.nowMs() - fromMs, answer.workedMs);
      if (this.#work !== work) return null;
      return answer;
    } catch (error) {
      if (this.#work === work) {
        this.#failed(asError(error));
        this.#discard(asError(error).message);
      }
      return null;
    }
  }

  async #run(work: Work, act: (parts: WorkParts) => Promise<Outcome>): Promise<void> {
    const outcome = await this.#worked(work, act);
    if (outcome === null) return;
    this.#counts.rounds++;
    if (outcome.weights === null) {
      this.#work = null;
      this.#counts.rejected++;
      this.#last.rejection = outcome.reason;
      this.#parts.feed.nodeLog.info('model-rejected', { kind: outcome.kind, reason: outcome.reason });
      return;
    }
    const { base } = work;
    const { statistics } = base.model;
    await this.#publish(work, {
      ...base.model,
      name: learnedModel,
      version: base.model.version + 1,
      weights: outcome.weights,
      statistics: {
        ...statistics,
        seed: outcome.seed,
        from: `${base.model.name} ${base.model.version}`,
        steps: outcome.steps,
        series: outcome.series,
        values: outcome.samples,
        heldOut: outcome.after,
      },
      provenance: {
        kind: outcome.kind,
        parent: base.hash,
        atMs: this.#parts.clusterNowMs(),
        samples: outcome.samples,
        contributors: outcome.contributors,
        judgedBy: outcome.judgedBy,
        before: outcome.before,
        after: outcome.after,
        judgedSeries: outcome.judgedSeries,
        reason: outcome.reason,
      },
    });
  }

  /** Watches the present version in use; worse than the one before, it gives way to that one's weights. */
  async #try(work: Work, nowMs: number): Promise<void> {
    this.#trialAtMs = nowMs + Math.min(trialMs, this.#parts.options.everyMs);
    const { base } = work;
    const verdict = await this.#worked(work, (parts) => tryOut(parts, this.#parts.options.trialOrigins));
    if (verdict === null) return;
    const madeAtMs = base.model.provenance?.atMs ?? 0;
    const isOverdue = this.#parts.clusterNowMs() - madeAtMs > trialRounds * this.#parts.options.everyMs;
    const { previous } = this.#record;
    if (verdict.kind !== 'worse' || previous === null) {
      this.#work = null;
      if (verdict.kind === 'kept' || isOverdue) this.#decided.add(base.hash);
      return;
    }
    const { kind: _, reason, comparison } = verdict;
    const published = await this.#publish(work, {
      ...previous.model,
      name: learnedModel,
      version: base.model.version + 1,
      provenance: {
        kind: 'rolled-back',
        parent: base.hash,
        atMs: this.#parts.clusterNowMs(),
        samples: previous.model.provenance?.samples ?? 0,
        contributors: 0,
        judgedBy: 'use',
        before: comparison.after,
        after: comparison.before,
        judgedSeries: comparison.series,
        reason: `back to the weights of version ${previous.model.version}: ${reason}`,
      },
    });
    if (!published) return;
    this.#counts.rolledBack++;
    this.#last.rollBack = reason;
    this.#rarer = Math.min(rarest, 2 * this.#rarer);
    this.#roundAtMs = nowMs + this.#parts.options.everyMs * this.#rarer;
  }

  async #publish(work: Work, model: Model): Promise<boolean> {
    const { feed, leads, submit, valueBytes } = this.#parts;
    const next = versionOf(model);
    const isBack = model.provenance?.kind === 'rolled-back';
    try {
      // Between the last look and now leadership may have changed hands: a version is published by who trained it, in its term, or not at all.
      if (leads() !== work.term) throw leadsNot();
      await publish({ next, previous: isBack ? null : work.base, follows: work.follows }, valueBytes, submit);
    } catch (error) {
      this.#failed(asError(error));
      if (this.#work === work) this.#discard(asError(error).message);
      return false;
    }
    if (this.#work === work) this.#work = null;
    this.#counts.published++;
    this.#refresh();
    const { version, provenance } = model;
    feed.nodeLog.info('model-published', {
      version,
      hash: next.hash,
      kind: provenance?.kind,
      reason: provenance?.reason,
    });
    return true;
  }

  /** Whether the present version is still to show that it is no worse than the one before. */
  #onTrial(): boolean {
    const { current, previous } = this.#record;
    const kind = current?.model.provenance?.kind;
    if (current === null || previous === null || kind === undefined || kind === 'rolled-back') return false;
    return !this.#decided.has(current.hash);
  }

  #roundOf({ hash, model }: Version): FederatedRound {
    if (this.#federated?.base.hash !== hash) {
      const limits = { ...contributionLimits, clip: this.#parts.options.federated.clip };
      this.#federated = new FederatedRound({ name: model.name, hash, weights: model.weights.length }, limits);
    }
    return this.#federated;
  }

  #takeContributions(): readonly Contribution[] {
    const all = this.#federated?.contributions ?? [];
    this.#federated = null;
    return all;
  }

  #failed(error: Error): void {
    if (this.#closed) return;
    this.#last.error = error.message;
    this.#parts.feed.nodeLog.warn('learning-failed', { error: error.message });
  }
}
