import { type ByteString, emptyBytes } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import type { KeyValue, Space } from '../../ports/delta.ts';
import type { LeaseTerms } from '../../ports/replication.ts';
import type { HeldContent } from '../forced/held-content.ts';
import type { ColdStore } from './cold-store.ts';
import { endOf, isHeldSpace } from './keys.ts';
import { decodeLeases, leasesOf } from './lease-list.ts';
import { visibleRows } from './visible-rows.ts';

/** What a paused cold replica holds, as of its newest snapshot, `ageMs` after that was all there is; null: nothing whole. Fails with `under-doubt` where a lease list is damaged. */
export async function contentOfCold(store: ColdStore, ageMs: number): Promise<HeldContent | null> {
  const held = store.held();
  const { newest } = store;
  if (held === null || newest === null) return null;
  const leases: LeaseTerms[] = [];
  const lists = leasesOf(newest.number);
  for await (const rows of store.database.scan(lists, endOf(lists), 256 * 1024))
    for (const { key, value } of rows) {
      const list = decodeLeases(key, value);
      if (list === null)
        throw new TanistError('under-doubt', 'the list of leases is damaged; wait for the next snapshot');
      leases.push(...list);
    }
  return {
    held,
    mark: { index: newest.index, timeMs: newest.timeMs, leaderRevisions: newest.leaderRevisions },
    ageMs,
    leases,
    members: newest.members,
    values: (space) => valuesOf(space),
  };

  async function* valuesOf(space: Space): AsyncGenerator<readonly KeyValue[]> {
    if (newest === null || !isHeldSpace(space)) return;
    const view = { space, generation: newest.generations[space], number: newest.number };
    yield* visibleRows(store.database, view, emptyBytes as ByteString, null);
  }
}
