import { nextTurn } from '../../ports/clock.ts';
import type { StateDelta } from '../../ports/delta.ts';
import { predictableSpaces } from '../../ports/prediction.ts';
import type { Observations } from './observations.ts';
import { type PredictionFeed, predictedPrefixes } from './prediction-feed.ts';
import { readable, WorkMeter } from './readable.ts';
import type { TrackedKeys } from './tracked-keys.ts';

export interface LearnParts {
  readonly feed: PredictionFeed;
  readonly keys: TrackedKeys;
  readonly observations: Observations;
  /** Each of the last changes, whosever it is; null: nobody wants to know. */
  readonly past: ((delta: StateDelta) => void) | null;
  readonly isOver: () => boolean;
}

/**
 * Finds the keys that policies name, the weightiest policies first, and the last changes of those that are new. What is no longer named, or no longer fits
 * the budget, is forgotten. Many turns of the event loop, each short.
 */
export async function learn(parts: LearnParts, round: number): Promise<void> {
  const { feed, keys, isOver } = parts;
  const endRound = keys.beginRound(round);
  let fresh = 0;
  for (const { prefix, policy: named } of predictedPrefixes(feed.policies())) {
    for (const space of predictableSpaces) {
      for await (const page of feed.values(space, prefix)) {
        if (isOver()) return;
        for (const { key, value, modRevision } of page) {
          const policy = feed.policyFor(key);
          // A longer prefix has its own turn, with its own weight.
          if (policy === null || policy.weight !== named.weight) continue;
          const known = keys.of(space, key);
          let tracked = keys.track(space, key, policy);
          while (tracked === null && keys.makeRoom(policy.weight)) tracked = keys.track(space, key, policy);
          if (tracked === null) {
            keys.refuse();
            continue;
          }
          tracked.round = round;
          if (tracked !== known) {
            tracked.isFresh = true;
            fresh++;
          }
          if (tracked.modRevision >= modRevision) continue;
          tracked.value = readable(value, tracked.fields);
          tracked.modRevision = modRevision;
        }
      }
    }
  }
  endRound();
  if (fresh > 0) await learnPast(parts);
}

/** For reading numbers, in one turn. */
const readMs = 2;
/** Between two looks at the clock, at most. */
const perLook = 64;

/** Of keys that are new here: what the stored history still tells of them. Its values are read at once, so that they need not be kept until they are sent. */
async function learnPast({ feed, keys, observations, past, isOver }: LearnParts): Promise<void> {
  const { clock } = feed;
  const meter = new WorkMeter(perLook);
  for (const space of predictableSpaces)
    for await (const deltas of feed.recent(space)) {
      if (isOver()) return;
      let untilMs = clock.nowMs() + readMs;
      for (const delta of deltas) {
        past?.(delta);
        const { op, key, value, timeMs, revision } = delta;
        if (op !== 'put') continue;
        const found = keys.of(space, key);
        if (found?.isFresh !== true) continue;
        if (meter.isDue(value, found.fields.length) && clock.nowMs() >= untilMs) {
          await nextTurn(clock);
          if (isOver()) return;
          untilMs = clock.nowMs() + readMs;
        }
        const tracked = keys.of(space, key);
        if (tracked?.isFresh !== true) continue;
        observations.addRead(tracked, timeMs, value, revision);
        if (revision < tracked.modRevision) continue;
        tracked.timeMs = timeMs;
        tracked.value = readable(value, tracked.fields);
        tracked.modRevision = revision;
      }
    }
}
