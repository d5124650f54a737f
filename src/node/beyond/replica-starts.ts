import type { NodeId } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ReplicaReport } from '../../ports/replication.ts';

/** A replica that says nothing for so long is unreachable. */
export const replicaSilentMs = 3000;

/** What was said by the earlier start counts as said beside a later one from then on: a word on its way is none. */
const togetherMs = 1000;
/** So often: one word may have waited at a node that was cut off. */
const leastWords = 2;
/** Of one id; more are not told apart. */
const mostStarts = 4;
/** Beyond the quorum; more are not heard of. */
export const mostReplicas = 64;

interface Start {
  readonly name: string;
  readonly firstMs: number;
  /** Number of its newest word; words are repeated by whoever passes them on. */
  said: number;
  lastMs: number;
  /** Words of an earlier start that came after this one was there. */
  besides: number;
  refused: boolean;
}

/**
 * Which processes say that they are a replica beyond the quorum. One that was started again takes the place of the one before, which says nothing any
 * more; where the earlier one goes on, there are two, and the later one is refused for as long as that is so (promise 6 has it for hot ones).
 */
export class ReplicaStarts {
  readonly #starts = new Map<NodeId, Start[]>();

  /** True: a further one is refused from now on. Reports of versions that name no start tell nothing. */
  heard({ id, start, said = 0 }: ReplicaReport, nowMs: number): boolean {
    if (start === undefined || start === '') return false;
    const all = this.#living(id, nowMs);
    const known = all.find(({ name }) => name === start);
    if (known === undefined) {
      const kept = withRoom(all);
      if (kept === null || (all.length === 0 && this.#starts.size >= mostReplicas)) return false;
      this.#starts.set(id, [
        ...kept,
        { name: start, firstMs: nowMs, said, lastMs: nowMs, besides: 0, refused: false },
      ]);
      return false;
    }
    if (said <= known.said) return false;
    known.said = said;
    known.lastMs = nowMs;
    return !known.refused && judge(all.slice(all.indexOf(known) + 1), nowMs);
  }

  /** The later of two, while the earlier one lives. */
  isRefused(id: NodeId, start: string, nowMs: number): boolean {
    return this.#living(id, nowMs).some(({ name, refused }) => refused && name === start);
  }

  /** All that are. */
  refused(nowMs: number): readonly (readonly [NodeId, string])[] {
    const found: (readonly [NodeId, string])[] = [];
    for (const id of [...this.#starts.keys()])
      for (const { name, refused } of this.#living(id, nowMs)) if (refused) found.push([id, name]);
    return found;
  }

  /** Only one has spoken of late. */
  isOne(id: NodeId, nowMs: number): boolean {
    return this.#living(id, nowMs).filter((one) => isFresh(one, nowMs)).length < 2;
  }

  /** Those who spoke of late, and those who are refused as long as another one does. */
  #living(id: NodeId, nowMs: number): readonly Start[] {
    const all = this.#starts.get(id);
    if (all === undefined) return [];
    const isHeld = all.some((one) => !one.refused && isFresh(one, nowMs));
    const living = all.filter((one) => isFresh(one, nowMs) || (one.refused && isHeld));
    if (!isHeld) for (const one of living) one.refused = false;
    if (living.length === 0) this.#starts.delete(id);
    else if (living.length < all.length) this.#starts.set(id, living);
    return living;
  }
}

function isFresh({ lastMs }: Start, nowMs: number): boolean {
  return nowMs - lastMs < replicaSilentMs;
}

/** For one more, without the refused one that has been silent for longest: if it is alive it is found again. Null: there is none. */
function withRoom(all: readonly Start[]): readonly Start[] | null {
  if (all.length < mostStarts) return all;
  const refused = all.filter((one) => one.refused);
  const oldestMs = Math.min(...refused.map(({ lastMs }) => lastMs));
  const given = refused.find(({ lastMs }) => lastMs === oldestMs);
  return given === undefined ? null : all.filter((one) => one !== given);
}

/** An earlier one has spoken. */
function judge(later: readonly Start[], nowMs: number): boolean {
  if (mutant.active === 'second-replica-fed') return false;
  let isNew = false;
  for (const one of later) {
    if (one.refused || nowMs - one.firstMs < togetherMs) continue;
    one.besides += 1;
    if (one.besides < leastWords) continue;
    one.refused = true;
    isNew = true;
  }
  return isNew;
}
