import test from 'ava';
import fc from 'fast-check';
import type { ByteString } from '../../src/foundation/bytes.ts';
import { DeadlineHeap } from '../../src/state/deadline-heap.ts';
import { mergeRuns } from '../../src/state/mvcc/merge-runs.ts';
import { OrderedKeys } from '../../src/state/mvcc/ordered-keys.ts';
import { IntervalIndex } from '../../src/state/watch/interval-index.ts';

const key = fc.nat(3000).map((n) => `k${n.toString(36).padStart(3, '0')}` as ByteString);
const bound = fc.oneof(key, fc.constant(null));

const keyed = (each: ByteString) => ({ key: each });

test('ordered keys equal a sorted array, with many chunks', (t) => {
  const step = fc.record({
    add: fc.array(key, { maxLength: 900 }),
    remove: fc.array(key, { maxLength: 900 }),
    together: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 6 }), key, bound, fc.nat(5), (steps, from, to, limit) => {
      const keys = new OrderedKeys<{ readonly key: ByteString }>();
      const model = new Set<ByteString>();
      for (const { add, remove, together } of steps) {
        if (together) {
          const fresh = [...new Set(add)].filter((each) => !model.has(each)).sort();
          keys.addAll(fresh.map(keyed));
          for (const each of fresh) model.add(each);
          const gone = [...new Set(remove)].filter((each) => model.delete(each)).sort();
          keys.removeAll(gone.map(keyed));
          continue;
        }
        for (const each of add) {
          if (!model.has(each)) keys.add(keyed(each));
          model.add(each);
        }
        for (const each of remove) t.is(keys.remove(each), model.delete(each));
      }
      const expected = [...model].sort().filter((each) => each >= from && (to === null || each < to));
      t.is(keys.size, model.size);
      t.is(keys.count(from, to), expected.length);
      t.deepEqual(keys.keys(from, to, limit), limit === 0 ? expected : expected.slice(0, limit));
    }),
    { numRuns: 60 },
  );
});

test('merging sorted runs sorts', (t) => {
  fc.assert(
    fc.property(fc.array(fc.array(key)), (runs) => {
      const sorted = runs.map((run) => [...run].sort());
      t.deepEqual([...mergeRuns(sorted)], runs.flat().sort());
    }),
  );
});

test('the interval index finds what a scan finds', (t) => {
  const interval = fc.record({ from: key, to: bound, removed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(interval, { maxLength: 200 }), fc.array(key), (intervals, probes) => {
      const index = new IntervalIndex<number>();
      for (const [i, { from, to }] of intervals.entries()) index.add(from, to, i);
      for (const [i, { from, to, removed }] of intervals.entries()) if (removed) index.remove(from, to, i);
      for (const probe of probes) {
        const found: number[] = [];
        index.find(probe, (items) => found.push(...items));
        const expected = [...intervals.keys()].filter((i) => {
          const { from, to, removed } = intervals[i]!;
          return !removed && from <= probe && (to === null || probe < to);
        });
        t.deepEqual(
          found.sort((a, c) => a - c),
          expected,
        );
      }
    }),
    { numRuns: 60 },
  );
});

test('the heap gives items by deadline, then by the tie-break, whatever was moved and removed', (t) => {
  const item = fc.record({ deadlineMs: fc.nat(9), moved: fc.option(fc.nat(9)), removed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), (specs) => {
      const heap = new DeadlineHeap<{ id: number; deadlineMs: number; heapIndex: number }>(
        (a, c) => a.id < c.id,
      );
      const items = specs.map(({ deadlineMs }, id) => ({ id, deadlineMs, heapIndex: -1 }));
      for (const each of items) heap.add(each);
      for (const [i, { moved, removed }] of specs.entries()) {
        const each = items[i]!;
        if (moved !== null) {
          each.deadlineMs = moved;
          heap.moved(each);
        }
        if (removed) heap.remove(each);
      }
      const expected = items
        .filter((_, i) => !specs[i]!.removed)
        .sort((a, c) => a.deadlineMs - c.deadlineMs || a.id - c.id);
      for (const each of expected) {
        t.is(heap.first?.id, each.id);
        heap.remove(each);
      }
      t.is(heap.first, undefined);
    }),
    { numRuns: 100 },
  );
});
