import type { ByteString } from '../foundation/bytes.ts';
import type { Revision } from '../foundation/ids.ts';
import type { Space, StateDelta } from '../ports/delta.ts';
import type { HistoryStore } from '../ports/image-store.ts';

/**
 * A history without a gap before the present: what is stored, then what has been applied but not been handed to the store. Right as long
 * as image batches are appended to the store in the turn in which they are taken.
 */
export function historyWith(pending: () => readonly StateDelta[], stored: HistoryStore): HistoryStore {
  return {
    async *deltas(space: Space, from: Revision, to: Revision): AsyncIterable<readonly StateDelta[]> {
      const fresh = pending().filter((d) => d.space === space && d.revision >= from && d.revision <= to);
      const first = fresh[0]?.revision;
      // Transactions are handed over whole, so a pending one's revision is in no stored delta.
      const storedTo = first === undefined ? to : ((first - 1) as Revision);
      if (from <= storedTo) yield* stored.deltas(space, from, storedTo);
      if (fresh.length > 0) yield fresh;
    },

    async find(space, wanted) {
      const fresh = new Map<ByteString, StateDelta[]>();
      const all = pending();
      if (all.length > 0) {
        const keys = new Set(wanted.map(({ key }) => key));
        for (const delta of all) {
          if (delta.space !== space || !keys.has(delta.key)) continue;
          const deltas = fresh.get(delta.key);
          if (deltas === undefined) fresh.set(delta.key, [delta]);
          else deltas.push(delta);
        }
      }
      const pendingOf = ({ key, revision }: (typeof wanted)[number]) =>
        fresh.get(key)?.findLast((delta) => delta.revision === revision);
      const found = wanted.map(pendingOf);
      const missing = wanted.filter((_, i) => found[i] === undefined);
      if (missing.length === 0) return found;
      const fromStore = (await stored.find(space, missing)).values();
      return found.map((delta) => delta ?? fromStore.next().value);
    },
  };
}
