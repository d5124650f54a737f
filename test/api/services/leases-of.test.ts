import test from 'ava';
import fc from 'fast-check';
import { leasesOf, leastAfter } from '../../../src/api/services/leases-of.ts';
import {
  clusterTimeMs,
  type LeaseId,
  leaseId,
  logIndex,
  noLease,
  noSession,
  term,
} from '../../../src/foundation/ids.ts';
import { defaultRequestLimits } from '../../../src/foundation/limits.ts';
import type { ServedNode } from '../../../src/node/served-node.ts';
import { createStateMachine } from '../../../src/state/state-machine.ts';

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function nodeWith(ids: readonly LeaseId[]): ServedNode {
  const state = createStateMachine({ limits: defaultRequestLimits });
  const commands = ids.map((id) => ({ kind: 'leaseGrant', id, ttlMs: 60_000 }) as const);
  const batch = { session: noSession, firstNumber: 0, acknowledgedThrough: 0, commands };
  state.apply({ index: logIndex(1), term: term(1) }, { timeMs: clusterTimeMs(1000), batches: [batch] });
  state.takeDeltas();
  return { wholeState: async () => state, checkServes: () => {} } as unknown as ServedNode;
}

const ids = Array.from({ length: 10_000 }, (_, i) => leaseId(BigInt(((i * 7919) % 10_007) + 1)));

test('pages have every lease once, in order of the ids, and the last one says that it is', async (t) => {
  const node = nodeWith(ids);
  const found: LeaseId[] = [];
  const sizes: number[] = [];
  for (let more = true; more; ) {
    const page = await leasesOf(node, { id: noLease, limit: 1_000_000, after: found.at(-1) ?? noLease });
    for (const { id, ttlMs, remainingMs } of page.leases) {
      found.push(id);
      t.is(ttlMs, 60_000);
      t.is(remainingMs, 60_000);
    }
    sizes.push(page.leases.length);
    more = page.more;
  }
  t.deepEqual(found, [...ids].sort(ascending));
  t.deepEqual(sizes, [4096, 4096, 10_000 - 2 * 4096]);
});

test('who asks for no page, as clients once did, has all in one reply', async (t) => {
  const { leases, more } = await leasesOf(nodeWith(ids), { id: noLease, limit: 0, after: noLease });
  t.is(leases.length, ids.length);
  t.false(more);
});

test('the least beyond one, of any', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.bigInt({ min: 1n, max: 500n }), { maxLength: 300 }),
      fc.bigInt({ min: 0n, max: 510n }),
      fc.integer({ min: 1, max: 40 }),
      async (all, after, count) => {
        const expected = all.filter((id) => id > after).sort(ascending);
        const found = await leastAfter(all.map(leaseId), leaseId(after), count);
        t.deepEqual([...found], expected.slice(0, count).map(leaseId));
      },
    ),
    { numRuns: 200 },
  );
});
