import type { KeyValue, Space } from '../../ports/delta.ts';
import type { HeldContent } from '../forced/held-content.ts';
import type { WarmState } from './warm-state.ts';

const valuesAtOnce = 1000;

/** What a paused warm replica holds, `ageMs` after its last mark; null: nothing yet. */
export function contentOfWarm(
  state: Pick<WarmState, 'meta' | 'ranges' | 'leases' | 'members' | 'held'>,
  ageMs: number,
): HeldContent | null {
  const { meta, held } = state;
  if (meta === null || held === null) return null;
  return {
    held,
    mark: { index: meta.index, timeMs: meta.timeMs, leaderRevisions: meta.leaderRevisions },
    ageMs,
    leases: [...state.leases].map(([id, ttlMs]) => ({ id, ttlMs })),
    members: state.members,
    values: (space) => valuesOf(state, space),
  };
}

async function* valuesOf(
  { ranges }: Pick<WarmState, 'ranges'>,
  space: Space,
): AsyncGenerator<readonly KeyValue[]> {
  for (const held of ranges) {
    if (held.range.space !== space) continue;
    let from: KeyValue['key'] | null = held.range.key;
    while (from !== null) {
      const keys: readonly KeyValue['key'][] = held.keys(from, null, valuesAtOnce);
      yield keys.flatMap((key) => held.get(key) ?? []);
      const last = keys[valuesAtOnce - 1];
      from = last === undefined ? null : (`${last}\0` as KeyValue['key']);
    }
  }
}
