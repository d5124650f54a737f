import type { Timer } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { OnlinePredictionParts, PredictionAssembly } from './prediction-assembly.ts';

const batchEveryMs = 150;
/** Half of what keys were asked for counts no more after so long. */
const fadeEveryMs = 600_000;
/** For scoring what failovers showed, in one turn. */
const scoreMs = 1;

/** Drives predictions: by what the feed and the predictor tell, and by a turn with each batch. */
export class PredictionTurns {
  readonly #parts: Pick<OnlinePredictionParts, 'feed' | 'predictor'>;
  readonly #assembly: PredictionAssembly;
  readonly #ends: (() => void)[] = [];
  #timer: Timer | null = null;
  #fadeAtMs: number;
  #closed = false;

  constructor(parts: Pick<OnlinePredictionParts, 'feed' | 'predictor'>, assembly: PredictionAssembly) {
    this.#parts = parts;
    this.#assembly = assembly;
    this.#fadeAtMs = parts.feed.clock.nowMs() + fadeEveryMs;
  }

  start(): void {
    const { feed, predictor } = this.#parts;
    this.#ends.push(
      feed.listen({
        applied: (deltas) => this.#applied(deltas),
        found: () => this.#assembly.search.wanted(),
        replaced: () => {
          this.#assembly.steady.replaced();
          this.#assembly.known.replaced();
          this.#assembly.met.replaced();
          this.#assembly.replaced();
        },
      }),
      predictor.onState((state) => {
        feed.nodeLog[state === 'running' || state === 'closed' ? 'info' : 'warn']('predictor', { state });
        // A new thread knows nothing.
        if (state !== 'restarting' && state !== 'failed') return;
        this.#assembly.replaced();
        this.#assembly.keys.predictorLost();
        this.#assembly.calls.predictorLost();
      }),
    );
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const end of this.#ends.splice(0)) end();
  }

  #applied(deltas: readonly StateDelta[]): void {
    const last = deltas.at(-1);
    if (last !== undefined) this.#assembly.steady.saw(last.timeMs);
    this.#assembly.met.applied(deltas);
    for (const delta of deltas) {
      if (delta.space === 'system') {
        if (delta.key.startsWith('policy/')) this.#assembly.search.wanted();
        else this.#assembly.models.applied(delta);
      } else if (this.#assembly.search.asks && (delta.space === 'user' || delta.space === 'planes')) {
        this.#assembly.behaviour.applied(delta);
        if (this.#assembly.search.mustWait(delta, delta.space)) this.#assembly.search.hold(delta);
        else this.#assembly.changes.changed(delta, delta.space);
      }
    }
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock } = this.#parts.feed;
    this.#timer = clock.after(batchEveryMs, () => {
      this.#schedule();
      this.#turn(clock.nowMs());
    });
  }

  #turn(nowMs: number): void {
    const search = this.#assembly.search;
    this.#assembly.known.look();
    search.look(nowMs);
    if (nowMs >= this.#fadeAtMs) {
      this.#fadeAtMs = nowMs + fadeEveryMs;
      this.#assembly.keys.fade();
    }
    const { clock, nodeLog } = this.#parts.feed;
    const untilMs = nowMs + scoreMs;
    this.#assembly.met.score(() => clock.nowMs() < untilMs);
    const met = this.#assembly.met.ended(this.#assembly.steady.nowMs());
    if (met !== null) nodeLog.info('predictions-met', { ...met });
    if (search.asks && !search.isLearning && this.#parts.predictor.state === 'running')
      this.#assembly.models.look();
    // A past goes to the predictor as a whole; later looks for keys hold up nothing of those that it knows.
    if (!search.isLearning || search.hasLearnt) this.#assembly.calls.send(nowMs, search.asks);
    this.#assembly.promotion.refresh(nowMs);
  }
}
