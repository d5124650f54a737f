import { byteStringOfText, emptyBytes } from '../../foundation/bytes.ts';
import { type ClusterTimeMs, clusterTimeMs, revision } from '../../foundation/ids.ts';
import type { Random } from '../../foundation/random.ts';
import type { Prediction, PredictionSource } from '../../ports/prediction.ts';
import type { StateMachine } from '../../state/state-machine.ts';

const mostKeys = 40;
/** For how long predictions count; the first is over before it is proposed. */
const goodForMs = [-50, 40, 300, 1500, 4000];

/** Makes up predictions from what a replica has applied: some of them of older revisions, some too late. Every choice is drawn. */
export class Forecaster implements PredictionSource {
  readonly #state: () => StateMachine | null;
  readonly #random: Random;
  #made = 0;

  constructor(state: () => StateMachine | null, random: Random) {
    this.#state = state;
    this.#random = random;
  }

  preApply(nowMs: ClusterTimeMs): readonly Prediction[] {
    const values = this.#state()?.valuesOf('user', emptyBytes, null).slice(0, mostKeys) ?? [];
    return values.flatMap(({ key, modRevision }) => {
      if (this.#random.chance(0.3)) return [];
      const back = this.#random.chance(0.15) ? 1 + this.#random.below(3) : 0;
      const mean = this.#made++;
      return [
        {
          space: 'user' as const,
          key,
          value: byteStringOfText(`predicted ${mean}`),
          madeFrom: revision(Math.max(1, modRevision - back)),
          madeAtMs: nowMs,
          forMs: clusterTimeMs(nowMs + 100),
          validUntilMs: clusterTimeMs(nowMs + this.#random.pick(goodForMs)),
          model: 'made-up',
          confidence: this.#random.next(),
          changeProbability: null,
          level: 0.9,
          fields: [{ pointer: '', mean, lower: mean - 1, upper: mean + 1 }],
        },
      ];
    });
  }
}
