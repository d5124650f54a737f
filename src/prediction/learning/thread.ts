/** What the worker thread does for learning. */
import { TanistError } from '../../foundation/errors.ts';
import { seededRandom } from '../../foundation/random.ts';
import type { NetworkSize } from '../neural/network.ts';
import { forecasterOf } from '../neural/thread.ts';
import type { NamedHistory } from '../online/engine.ts';
import { Pace } from '../worker/pace.ts';
import { type Handler, handler, type ThreadContext } from '../worker/serve.ts';
import { callOff, federateCall, gatherCall, roundCall, trialCall } from './calls.ts';
import { federatedRound } from './federated-average.ts';
import { lessonBook } from './lesson-book.ts';
import { compared, type RoundParts, roundRandom, trainingRound } from './round.ts';
import { sinceThen } from './trial.ts';
import { WindowStore } from './window-store.ts';

/** `histories`: the series that are predicted in this thread, as they are now. */
export function learningHandlers(histories: () => Iterable<NamedHistory>): readonly Handler[] {
  const store = new WindowStore(seededRandom('windows'));
  let calledOff = 0;

  /** Parts of a long call, and what it worked. */
  const begin = (
    size: NetworkSize,
    share: number,
    context: ThreadContext,
  ): RoundParts & { readonly pace: Pace } => {
    const pace = new Pace(context, share);
    const at = calledOff;
    return {
      pace,
      forecaster: () => forecasterOf(size, context),
      rest: async () => {
        await pace.rest();
        if (at !== calledOff) throw new TanistError('cancelled', 'the round was called off');
      },
    };
  };

  return [
    handler(gatherCall, async ({ memoryBytes, shown, options }, { breathe }) => {
      await store.gather(histories(), memoryBytes, breathe);
      // As long a past as makes a window to learn from, and as much after it as is predicted at once.
      store.show(shown, options.shortest + options.horizon, options.horizon);
      return { series: store.size, leftOut: store.leftOut, bytes: store.bytes };
    }),
    handler(roundCall, async ({ size, weights, options, share }, context) => {
      const parts = begin(size, share, context);
      const book = await lessonBook(store.values(), options, roundRandom(options), parts.rest);
      const result = await trainingRound(size, weights, book, options, parts);
      return { ...result, workedMs: parts.pace.workedMs };
    }),
    handler(trialCall, async ({ size, weights, previous, sinceMs, options, share }, context) => {
      const parts = begin(size, share, context);
      const judged = sinceThen(store.values(), sinceMs, options.series);
      const comparison = await compared(previous, weights, judged, options, parts);
      return { ...comparison, workedMs: parts.pace.workedMs };
    }),
    handler(federateCall, async ({ size, weights, shares, terms, options, share }, context) => {
      const parts = begin(size, share, context);
      const book = await lessonBook(store.values(), options, roundRandom(options), parts.rest);
      const random = seededRandom(`${options.seed}/noise`);
      const result = await federatedRound(weights, shares, book, { ...options, terms }, parts, random);
      return { ...result, workedMs: parts.pace.workedMs };
    }),
    handler(callOff, () => {
      calledOff++;
      return null;
    }),
  ];
}
