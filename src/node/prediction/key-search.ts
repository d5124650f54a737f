import { asError } from '../../foundation/errors.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { PredictableSpace } from '../../ports/prediction.ts';
import type { Behaviour } from './behaviour/behaviour.ts';
import { HeldChanges } from './held-changes.ts';
import { learn } from './learn.ts';
import type { Observations } from './observations.ts';
import { type PredictionFeed, predictedPrefixes } from './prediction-feed.ts';
import type { Predictor } from './predictor.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface KeySearchParts {
  readonly feed: PredictionFeed;
  readonly predictor: Pick<Predictor, 'state'>;
  readonly keys: TrackedKeys;
  readonly observations: Observations;
  readonly behaviour: Behaviour;
  readonly mostSeries: number;
  /** Policies were read. `ended`: series of behaviour that are none any more. */
  readonly found: (ended: readonly number[]) => void;
  /** A change that was held until its key's past was known. */
  readonly changed: (delta: StateDelta, space: PredictableSpace) => void;
  readonly failed: (error: Error) => void;
  readonly isClosed: () => boolean;
}

/** Where keys are beyond the budget and room came free, they are looked for again no sooner. */
const lookAgainMs = 60_000;

/**
 * Looks for the keys that policies name, and for their past: at the start, when policies change, and when there is room again. What changes meanwhile of keys
 * whose past is not known yet is held until then.
 */
export class KeySearch {
  readonly #parts: KeySearchParts;
  readonly #held = new HeldChanges();
  #asks = false;
  #isLearning = false;
  #hasLearnt = false;
  #roomCame = false;
  #wantsLook = true;
  #lookAtMs = 0;
  #round = 0;

  constructor(parts: KeySearchParts) {
    this.#parts = parts;
  }

  /** Some policy asks for predictions. */
  get asks(): boolean {
    return this.#asks;
  }

  get isLearning(): boolean {
    return this.#isLearning;
  }

  /** Of the state and the predictor that there are now. */
  get hasLearnt(): boolean {
    return this.#hasLearnt;
  }

  /** Number of the search that found what is tracked. */
  get round(): number {
    return this.#round;
  }

  /** Changes that there was no room to hold. */
  get dropped(): number {
    return this.#held.dropped;
  }

  wanted(): void {
    this.#wantsLook = true;
  }

  roomCame(): void {
    this.#roomCame = true;
  }

  /** The state, or the predictor, is another one: what changes until the next search is found in the state and its history. */
  replaced(): void {
    this.#held.clear();
    this.#wantsLook = true;
    this.#asks = false;
    this.#hasLearnt = false;
    this.#round++;
  }

  /** While keys are looked for only those go on whose past is known already. */
  mustWait({ key }: StateDelta, space: PredictableSpace): boolean {
    if (!this.#isLearning) return false;
    const tracked = this.#parts.keys.of(space, key);
    return tracked === null || tracked.isFresh;
  }

  hold(delta: StateDelta): void {
    if (this.#parts.feed.policyFor(delta.key) === null) return;
    if (!this.#held.add(delta)) this.#wantsLook = true;
  }

  look(nowMs: number): void {
    const { predictor, keys, failed } = this.#parts;
    if (this.#isLearning || predictor.state !== 'running') return;
    const isRoom = this.#roomCame && keys.refused > 0 && keys.hasRoom;
    if (!this.#wantsLook && (!isRoom || nowMs < this.#lookAtMs)) return;
    this.#wantsLook = false;
    this.#roomCame = false;
    this.#isLearning = true;
    this.#learn().then(
      () => this.#learnt(),
      (error: unknown) => {
        failed(asError(error));
        this.#wantsLook = true;
        this.#learnt();
      },
    );
  }

  async #learn(): Promise<void> {
    const { feed, keys, observations, behaviour, mostSeries, found, isClosed } = this.#parts;
    if (!(await feed.ready())) return;
    const policies = feed.policies();
    const predicted = predictedPrefixes(policies);
    this.#asks = predicted.length > 0;
    // What goes to prefixes that are not predicted themselves may drive those that are.
    const counted = this.#asks ? [...predicted, ...policies].map(({ prefix }) => prefix) : [];
    found(behaviour.setPrefixes(counted));
    this.#round++;
    const round = this.#round;
    const { refused } = keys;
    const past = this.#hasLearnt ? null : (delta: StateDelta) => behaviour.past(delta);
    const isOver = (): boolean => isClosed() || this.#round !== round;
    await learn({ feed, keys, observations, past, isOver }, round);
    if (!isOver()) this.#hasLearnt = true;
    if (keys.refused > 0 && refused === 0)
      feed.nodeLog.warn('predictions-limited', { keys: keys.keyCount, refused: keys.refused, mostSeries });
  }

  #learnt(): void {
    const { feed, keys, changed } = this.#parts;
    this.#isLearning = false;
    for (const tracked of keys.values()) tracked.isFresh = false;
    this.#lookAtMs = feed.clock.nowMs() + lookAgainMs;
    for (const delta of this.#held.take())
      if (delta.space === 'user' || delta.space === 'planes') changed(delta, delta.space);
  }
}
