import test from 'ava';
import { revision } from '../../src/foundation/ids.ts';
import { BegunFeed } from '../../src/nearest/begun-feed.ts';
import type { Feed, FeedPart } from '../../src/nearest/feed.ts';
import { settle, TestClock } from './test-clock.ts';

const row = (key: string, at: number) =>
  ({ key: Buffer.from(key), value: Buffer.from(`${at}`), modRevision: revision(at) }) as never;
const changes = (at: number, type: 'put' | 'delete', key: string): FeedPart => ({
  kind: 'changes',
  batch: { revision: revision(at), events: [{ type, keyValue: row(key, at) }] },
});
const all: FeedPart = { kind: 'all', at: revision(100), found: [row('a', 90), row('b', 95)] };

/** These parts, and then silence until it is ended. */
function feedOf(...parts: readonly FeedPart[]): Feed {
  return {
    replica: { endpoint: 'r', revision: revision(100), asOfMonoMs: 0 },
    async *follow(signal) {
      yield* parts;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
}

test('what was seen meanwhile is not taken back: it begins where that ended', async (t) => {
  const parts = [all, changes(103, 'put', 'c'), changes(105, 'delete', 'a'), changes(107, 'put', 'd')];
  const begun = new BegunFeed(feedOf(...parts), () => revision(104), new TestClock(), 5000);
  await begun.begin();
  const following = begun.follow(new AbortController().signal);
  const { value: first } = await following.next();
  t.is(first?.kind, 'all');
  if (first?.kind === 'all') {
    t.is(first.at, revision(105));
    t.deepEqual(
      first.found.map(({ key }) => Buffer.from(key).toString()),
      ['b', 'c'],
    );
  }
  t.deepEqual((await following.next()).value, parts[3]);
  await Promise.all([following.return(), begun.end()]);
});

test('it is not waited for without end', async (t) => {
  const clock = new TestClock();
  const begun = new BegunFeed(feedOf(all), () => revision(104), clock, 5000);
  await begun.begin();
  const failed = t.throwsAsync(begun.follow(new AbortController().signal).next(), { code: 'unavailable' });
  await settle();
  await clock.advance(5000);
  await failed;
});
