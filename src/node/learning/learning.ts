import { asError, TanistError } from '../../foundation/errors.ts';
import type { Term } from '../../foundation/ids.ts';
import type { Timer } from '../../ports/clock.ts';
import type { LearningState, LearningStatus, Publishing } from '../../ports/learning-status.ts';
import type { ContributionTaken } from '../../ports/model-contribution.ts';
import type { Contribution } from '../../prediction/learning/contribution.ts';
import { decodeModelFile } from '../../prediction/neural/model-file.ts';
import { leadsNot } from '../refusals.ts';
import { Contributions } from './contributions.ts';
import { Gatherer } from './gatherer.ts';
import { roundOptionsOf } from './learning-options.ts';
import type { LearningParts } from './learning-parts.ts';
import { factsOf, learnedModel, ModelRecord, modelKey, type Version, versionOf } from './model-record.ts';
import { publish } from './publish.ts';
import { federate, train } from './rounds.ts';
import { Tally } from './tally.ts';
import { Work } from './work.ts';

const lookMs = 250;

/**
 * The cluster's model goes on learning: the leader trains in its worker on what it has seen, and publishes what is better through the log; all others take
 * that from the log. What leadership began ends with it: a round under way is called off, contributions are void.
 */
export class Learning {
  readonly #parts: LearningParts;
  readonly #record: ModelRecord;
  readonly #tally = new Tally();
  readonly #gatherer: Gatherer;
  readonly #contributions: Contributions;
  readonly #work: Work;
  readonly #ends: (() => void)[] = [];
  #term: Term | null = null;
  #timer: Timer | null = null;
  #closed = false;

  constructor(parts: LearningParts) {
    const { feed, predictor, options, met, round = {} } = parts;
    this.#parts = parts;
    this.#record = new ModelRecord(feed.state);
    this.#contributions = new Contributions(options.federated);
    this.#gatherer = new Gatherer({
      predictor,
      clock: feed.clock,
      met,
      memoryBytes: options.memoryMb * 1024 * 1024,
      options: roundOptionsOf(options, '', round),
    });
    this.#work = new Work({ ...parts, record: this.#record, tally: this.#tally, gatherer: this.#gatherer });
  }

  start(): void {
    const { feed, baseModel } = this.#parts;
    this.#ends.push(
      feed.listen({
        applied: (deltas) => {
          if (deltas.some(({ space, key }) => space === 'system' && key === modelKey)) this.#record.changed();
        },
        membersChanged: () => {},
        ended: () => this.#record.changed(),
      }),
    );
    baseModel().then(
      (model) => this.#record.setBase(model),
      (error: unknown) => this.#work.failed(asError(error)),
    );
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#work.callOff();
    for (const end of this.#ends.splice(0)) end();
  }

  /** The version in use. Errors: `model-missing`, or what is wrong with the one in the log. */
  model(): Version {
    this.#refresh();
    const { current, fault } = this.#record;
    if (current !== null) return current;
    if (fault !== null)
      throw new TanistError('model-invalid', `${fault}; \`tanist model publish\` puts another in its place`);
    const { lastError } = this.#tally.figures;
    throw new TanistError('model-missing', `there is no model here: ${lastError || 'it is being loaded'}`);
  }

  /** Takes a contribution to the present version. Errors: `learning-off`, `not-leader`, `model-missing`, those of `FederatedRound.offer`. */
  contribute(given: Contribution): ContributionTaken {
    const { options, leads, feed } = this.#parts;
    const { enabled, federated } = options;
    try {
      if (!enabled || !federated.enabled)
        throw new TanistError(
          'learning-off',
          `${feed.id} takes no contributions: prediction.learning${enabled ? '.federated' : ''}.enabled is false in its config`,
        );
      const term = leads();
      if (term === null) throw leadsNot();
      // One that comes before the first look of a term counts in it.
      this.#follow(term, feed.clock.nowMs());
      const waiting = this.#contributions.offer(given, this.model(), feed.clock.nowMs());
      this.#tally.count('contributed');
      return { waiting, wanted: federated.wanted };
    } catch (error) {
      if (error instanceof TanistError && !error.retryable) this.#tally.count('refused');
      throw error;
    }
  }

  /**
   * Puts a model file in the place of the version in the log, whatever that is; that very one stays as it is, and `unchanged` says so. Errors: those of model files, `model-invalid` (of another name),
   * `not-leader`, those of `publish`.
   */
  async publish(file: Uint8Array): Promise<Publishing> {
    const model = decodeModelFile(file, 'the model file');
    if (model.name !== learnedModel)
      throw new TanistError(
        'model-invalid',
        `the model file is of ${model.name}; what is learnt is ${learnedModel}`,
      );
    const { leads, valueBytes, submit, feed } = this.#parts;
    if (leads() === null) throw leadsNot();
    this.#refresh();
    const { current, modified } = this.#record;
    const next = versionOf(model);
    if (modified > 0 && next.hash === current?.hash) return 'unchanged';
    await publish({ next, previous: current, follows: modified }, valueBytes, submit);
    this.#tally.count('published');
    feed.nodeLog.info('model-published', { version: model.version, by: 'operator' });
    return 'published';
  }

  status(): LearningStatus {
    const { current } = this.#record;
    return {
      state: this.#state(),
      model: current === null ? null : factsOf(current),
      ...this.#tally.figures,
      waiting: this.#contributions.waiting,
      wanted: this.#parts.options.federated.wanted,
      ...this.#gatherer.figures,
      cpuShare: this.#work.cpuShare,
    };
  }

  #state(): LearningState {
    if (!this.#parts.options.enabled || this.#closed) return 'off';
    if (this.#work.state !== null) return this.#work.state;
    if (this.#term === null) return 'following';
    return this.#work.onTrial() ? 'trying' : 'waiting';
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
    if (hasSeries && this.#gatherer.isDue(nowMs))
      this.#gatherer.gather().catch((error: unknown) => this.#work.failed(asError(error)));
    const { current: base } = this.#record;
    if (this.#term === null || base === null || this.#work.state !== null) return;
    if (this.#contributions.isDue(base, nowMs)) {
      void this.#work.round('averaging', this.#term, base, (parts) =>
        federate(parts, this.#contributions.take(), options.federated),
      );
    } else if (!hasSeries) return;
    else if (this.#work.onTrial()) {
      if (this.#work.trialIsDue(nowMs)) void this.#work.trial(this.#term, base);
    } else if (this.#work.roundIsDue(nowMs) && !this.#contributions.haveTheWay(nowMs, options.everyMs))
      void this.#work.round('training', this.#term, base, train);
  }

  /** Leadership came or went: what was begun under another is void. */
  #follow(term: Term | null, nowMs: number): void {
    if (term === this.#term) return;
    this.#term = term;
    this.#contributions.void();
    this.#work.follow(nowMs);
  }
}
