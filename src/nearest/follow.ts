import { asError } from '../foundation/errors.ts';
import { type Revision, revision } from '../foundation/ids.ts';
import { type Clock, rest } from '../ports/clock.ts';
import type { BegunFeed } from './begun-feed.ts';
import type { Feed, FeedPart } from './feed.ts';
import type { Feeds } from './feeds.ts';

/**
 * `turn`: another one is about to be followed. `lost`: the one that was followed failed; the next is asked at once, after the cluster itself with a pause.
 */
export type Followed =
  | { readonly kind: 'turn'; readonly feed: Feed }
  | (FeedPart & { readonly feed: Feed })
  | { readonly kind: 'lost'; readonly feed: Feed; readonly error: Error };

/** After the cluster failed; doubled while it goes on. */
const firstPauseMs = 200;
const longestPauseMs = 5000;

/**
 * Follows whoever is nearest, until the signal aborts: all that there is, then its changes; all anew where another one is followed, never as of before what was seen
 * (`from`: before).
 */
export async function* follow(
  feeds: Feeds,
  clock: Clock,
  signal: AbortSignal,
  from: Revision | 0 = 0,
): AsyncGenerator<Followed, void, undefined> {
  let seen: Revision = revision(from);
  let pauseMs = firstPauseMs;
  let next = null as BegunFeed | null;
  try {
    while (!signal.aborted) {
      const feed: Feed = next ?? (await feeds.next(seen));
      next = null;
      yield { kind: 'turn', feed };
      const turn = new AbortController();
      const end = (): void => turn.abort();
      signal.addEventListener('abort', end, { once: true });
      const unlook = feeds.better(
        feed,
        () => seen,
        (better) => {
          next = better;
          end();
        },
      );
      try {
        for await (const part of feed.follow(turn.signal)) {
          if (part.kind === 'all') {
            seen = part.at;
            pauseMs = firstPauseMs;
          } else {
            seen = revision(Math.max(seen, part.batch.revision));
            feeds.lasted(feed);
          }
          yield { ...part, feed };
        }
      } catch (thrown) {
        if (signal.aborted) return;
        // Left for a better one.
        if (turn.signal.aborted) continue;
        feeds.failed(feed);
        yield { kind: 'lost', feed, error: asError(thrown) };
        if (feed.replica !== null) continue;
        await rest(clock, pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      } finally {
        unlook();
        signal.removeEventListener('abort', end);
      }
    }
  } finally {
    next?.end();
  }
}
