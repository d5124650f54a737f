import test from 'ava';
import { partsOf } from '../../../../src/api/etcd/watch/event-parts.ts';
import { clusterTimeMs, noLease, revision } from '../../../../src/foundation/ids.ts';
import type { WatchedChange } from '../../../../src/node/node.ts';
import { b } from '../../../state/commands.ts';

const bytes = { together: 1000, fragment: 2000, whole: 4000 };

/** Events of about `size` bytes at the revisions given. */
function events(size: number, ...revisions: number[]): WatchedChange[] {
  return revisions.map((at, sub) => ({
    previous: null,
    delta: {
      space: 'user',
      op: 'put',
      key: b('k'),
      value: b('x'.repeat(size - 65)),
      revision: revision(at),
      sub,
      createRevision: revision(at),
      version: 1,
      lease: noLease,
      epoch: 1,
      timeMs: clusterTimeMs(1),
    },
  }));
}

function split(all: readonly WatchedChange[], through: number, fragments: boolean): (number | boolean)[][] {
  return partsOf(all, through, fragments, bytes).map((part) => [
    part.revision,
    part.events.length,
    part.isFragment,
  ]);
}

test('small ones are one response, which says how far it reaches', (t) => {
  t.deepEqual(split(events(100, 5, 6, 6, 7), 9, false), [[9, 4, false]]);
  t.deepEqual(split([], 9, false), []);
});

test('responses end with a whole revision', (t) => {
  t.deepEqual(split(events(300, 5, 6, 6, 6, 7, 8), 9, true), [
    [5, 1, false],
    [6, 3, false],
    [9, 2, false],
  ]);
});

test('a revision that is too large stays whole, or is in fragments for those who take them', (t) => {
  const large = events(700, 5, 6, 6, 6, 6, 7);
  t.deepEqual(split(large, 9, false), [
    [5, 1, false],
    [6, 4, false],
    [9, 1, false],
  ]);
  t.deepEqual(split(large, 9, true), [
    [5, 1, false],
    [6, 2, true],
    [6, 2, false],
    [9, 1, false],
  ]);
});

test('beyond what may wait it is in several even without; only the last says that the revision is there', (t) => {
  t.deepEqual(split(events(1500, 6, 6, 6, 6, 6), 6, false), [
    [5, 2, false],
    [5, 2, false],
    [6, 1, false],
  ]);
});

test('every event is in exactly one part, in order', (t) => {
  const all = events(450, 1, 1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5, 6);
  for (const fragments of [false, true])
    t.deepEqual(
      partsOf(all, 6, fragments, bytes).flatMap((part) => part.events),
      all,
    );
});
