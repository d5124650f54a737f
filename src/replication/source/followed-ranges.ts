import type { ByteString } from '../../foundation/bytes.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { StateDelta } from '../../ports/delta.ts';
import type { KeyRange, StreamPart } from '../../ports/replication.ts';
import type { StateMachine } from '../../state/state-machine.ts';
import { RangeIndex, rangeText } from '../range-index.ts';
import { scanPiece } from './scan-piece.ts';

interface Followed {
  readonly range: KeyRange;
  /** All keys before it were told, and are told as they change; null: all are. */
  cursor: ByteString | null;
  /** That what is held of it is void was said. */
  replaced: boolean;
}

/** How far one follower has been told the ranges that it is to hold. */
export class FollowedRanges {
  readonly #keysPerPiece: number;
  #all: readonly Followed[] = [];
  #index = new RangeIndex<Followed>([]);

  constructor(keysPerPiece: number) {
    this.#keysPerPiece = keysPerPiece;
  }

  get ranges(): readonly KeyRange[] {
    return this.#all.map(({ range }) => range);
  }

  /** Whether something is still to be told from the beginning. */
  get scanning(): boolean {
    return this.#all.some(({ cursor }) => cursor !== null);
  }

  /** What was followed already, or is `held`, goes on; the others are told anew. */
  set(ranges: readonly KeyRange[], held: readonly KeyRange[] = []): void {
    const followed = new Map(this.#all.map((one) => [rangeText(one.range), one]));
    const heldTexts = new Set(held.map(rangeText));
    this.#all = ranges.map((range) => {
      const known = followed.get(rangeText(range));
      if (known !== undefined) return known;
      const isHeld = heldTexts.has(rangeText(range));
      return { range, cursor: isHeld ? null : range.key, replaced: isHeld };
    });
    this.#index = new RangeIndex(this.#all);
  }

  /** All of a space has to be told anew. */
  restart(space: KeyRange['space']): void {
    for (const followed of this.#all) {
      if (followed.range.space !== space) continue;
      followed.cursor = followed.range.key;
      followed.replaced = false;
    }
  }

  /** What is wholly told of a space. */
  hasComplete(space: KeyRange['space']): boolean {
    return this.#all.some(({ range, cursor }) => range.space === space && cursor === null);
  }

  /** Those that the follower is to hear of, without what they replaced. */
  wanted(deltas: readonly StateDelta[]): StateDelta[] {
    const wanted: StateDelta[] = [];
    for (const delta of deltas) {
      const followed = this.#index.find(delta.space, delta.key);
      if (followed === undefined) continue;
      if (followed.cursor !== null && mutant.active === 'scan-misses-deltas') continue;
      if (followed.cursor !== null && delta.key >= followed.cursor) continue;
      const { previous: _, ...rest } = delta;
      wanted.push(rest);
    }
    return wanted;
  }

  /** The next piece of what is to be told from the beginning, as of now; everything before now was told. */
  piece(state: StateMachine): readonly StreamPart[] {
    const followed = this.#all.find(({ cursor }) => cursor !== null);
    if (followed === undefined || followed.cursor === null) return [];
    const { range } = followed;
    const { values, next } = scanPiece(state, range, followed.cursor, this.#keysPerPiece);
    const replace: readonly StreamPart[] = followed.replaced ? [] : [{ kind: 'replace', range }];
    followed.replaced = true;
    followed.cursor = next;
    if (values.length === 0) return replace;
    return [...replace, { kind: 'values', space: range.space, values }];
  }
}
