import { type Divergence, type ModelReport, modelDivergence } from '../../failover/divergence.ts';
import type { NodeId } from '../../foundation/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { markedRows } from '../peers/context-rows.ts';
import { type SaidOfModel, saidJson, saidOf } from './model-report.ts';

export interface ModelComparisonParts {
  readonly self: NodeId;
  readonly clock: Clock;
  /** What this replica says of its predictions; null: it makes none. */
  readonly own: () => SaidOfModel | null;
  readonly others: () => readonly {
    readonly id: NodeId;
    readonly said: SaidOfModel;
    readonly stateTrouble: string | null;
  }[];
  readonly ownTrouble: () => string | null;
}

/** Between two comparisons: what is compared fades over hundreds of predictions. */
const everyMs = 500;
const divergent = 0.5;
const mark = 'model';

/** Compares the predictions of replicas: on the leader of all, on a follower its leader's with its own. */
export class ModelComparison {
  readonly #parts: ModelComparisonParts;
  #found: ReadonlyMap<NodeId, Divergence> = new Map();
  #foundMs = Number.NEGATIVE_INFINITY;
  #leaderMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ModelComparisonParts) {
    this.#parts = parts;
  }

  /** As of the last half second. Null: nothing is known of its predictions. */
  of(id: NodeId): Divergence | null {
    const { clock, self, own, others, ownTrouble } = this.#parts;
    if (clock.nowMs() - this.#foundMs >= everyMs) {
      this.#foundMs = clock.nowMs();
      const said = own();
      const reports: ModelReport[] = others().map(({ id: other, said: theirs, stateTrouble }) => ({
        ...theirs,
        id: other,
        stateTrouble,
      }));
      if (said !== null) reports.push({ ...said, id: self, stateTrouble: ownTrouble() });
      this.#found = modelDivergence(reports.filter(hasSomething));
    }
    return this.#found.get(id) ?? null;
  }

  /** Names and hashes of the models that a replica predicts with, as it said last; empty: it says nothing of its predictions. */
  modelsOf(id: NodeId): string {
    const { self, own, others } = this.#parts;
    const said = id === self ? own() : others().find((each) => each.id === id)?.said;
    return said?.models ?? '';
  }

  /** For the leader's heartbeats, as a row beside those of `peer-view.ts`: whoever does not know it passes over it. */
  leaderRows(): readonly (readonly (string | number | boolean)[])[] {
    const said = this.#parts.own();
    return said === null ? [] : [[mark, JSON.stringify(saidJson(said))]];
  }

  /** A follower: why its leader's predictions speak against it; null: they do not; undefined: it is not yet time to look again. */
  leaderSays(leader: NodeId, context: Uint8Array): string | null | undefined {
    const { clock, self, own } = this.#parts;
    if (clock.nowMs() - this.#leaderMs < everyMs) return undefined;
    this.#leaderMs = clock.nowMs();
    const mine = own();
    const theirs = rowIn(context);
    if (mine === null || theirs === null) return null;
    const found = modelDivergence([
      { ...mine, id: self, stateTrouble: null },
      { ...theirs, id: leader, stateTrouble: null },
    ]).get(leader);
    return found !== undefined && found.value >= divergent
      ? `its predictions diverge: ${found.explanation}`
      : null;
  }
}

function hasSomething({ scaledError, samples }: ModelReport): boolean {
  return scaledError !== null || samples.length > 0;
}

function rowIn(context: Uint8Array): SaidOfModel | null {
  const [said] = markedRows(context, mark).find(([each]) => typeof each === 'string') ?? [];
  if (typeof said !== 'string') return null;
  try {
    return saidOf(JSON.parse(said));
  } catch {
    // Another version's, or damaged: nothing is known.
    return null;
  }
}
