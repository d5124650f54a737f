import test from 'ava';
import { WatchCursor } from '../../src/client/core/watch-cursor.ts';
import { noLease, revision } from '../../src/foundation/ids.ts';
import { activateMutant } from '../../src/foundation/mutants.ts';
import type { WatchBatch, WatchEvent } from '../../src/ports/state-client.ts';

function event(at: number): WatchEvent {
  const [key, value] = [Buffer.from('k'), Buffer.from(`${at}`)];
  const keyValue = {
    key,
    value,
    createRevision: revision(2),
    modRevision: revision(at),
    version: 1,
    lease: noLease,
  };
  return { type: 'put', keyValue };
}

function reply(at: number, events: readonly number[], created = false) {
  return { revision: revision(at), events: events.map(event), created };
}

const brief = (batch: WatchBatch | null): string =>
  batch === null
    ? '-'
    : `${batch.revision}: ${batch.events.map(({ keyValue }) => keyValue.modRevision).join(' ')}`;

test('from the present on: the first reply is a bookmark, and a resume begins right after it', (t) => {
  const cursor = new WatchCursor(revision(0));
  t.is(cursor.resume(), revision(0));
  t.is(brief(cursor.take(reply(9, [], true))), '9: ');
  t.is(cursor.resume(), revision(10));
});

test('from the present on, and events overtake the confirmation', (t) => {
  const cursor = new WatchCursor(revision(0));
  t.is(brief(cursor.take(reply(10, [10]))), '10: 10');
  t.is(brief(cursor.take(reply(9, [], true))), '-');
  t.is(cursor.resume(), revision(11));
});

test('from the past: where the present is says nothing of what was sent', (t) => {
  const cursor = new WatchCursor(revision(3));
  t.is(brief(cursor.take(reply(9, [], true))), '-');
  t.is(cursor.resume(), revision(3));
});

test('what was delivered before is not delivered again', (t) => {
  const cursor = new WatchCursor(revision(3));
  t.is(brief(cursor.take(reply(4, [3, 4]))), '4: 3 4');
  t.is(brief(cursor.take(reply(4, [4]))), '-');
  t.is(brief(cursor.take(reply(6, [4, 5, 6]))), '6: 5 6');
});

test('a revision is held until it is whole; what is held when the stream breaks comes again', (t) => {
  const cursor = new WatchCursor(revision(3));
  t.is(brief(cursor.take(reply(2, [3, 3]))), '-');
  t.is(brief(cursor.take(reply(3, [3]))), '3: 3 3 3');
  t.is(brief(cursor.take(reply(3, [4]))), '-');
  t.is(cursor.resume(), revision(4));
  t.is(brief(cursor.take(reply(4, [4]))), '4: 4');
});

test.serial('the mutants of a resume show', (t) => {
  const cursor = new WatchCursor(revision(5));
  try {
    activateMutant('drop-watch-event-at-resume');
    t.is(cursor.resume(), revision(6));
    activateMutant('watch-duplicate-at-resume');
    t.is(cursor.resume(), revision(4));
  } finally {
    activateMutant(null);
  }
});
