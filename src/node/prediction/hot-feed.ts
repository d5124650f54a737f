import { prefixEnd } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { KeyValue, StateDelta } from '../../ports/delta.ts';
import type { ReplicaFeed } from '../beyond/replica-feed.ts';
import { modelPrefix, modelsEnd } from './model-keeper.ts';
import type { PredictionFeed } from './prediction-feed.ts';

const keysPerPage = 256;
/** Of history, for the past of keys: about a second of reading in the background. */
const mostRevisions = 50_000;

/** What a hot node's predictor learns from: the state as it is applied. `ended`: nothing more is to be read. */
export function hotFeed(feed: ReplicaFeed, ended: () => boolean): PredictionFeed {
  const { clock, nodeLog, state, history } = feed;
  const whole = async (): Promise<boolean> => {
    await feed.nextTurn();
    return !ended() && state.whole;
  };
  return {
    clock,
    nodeLog,
    policies: () => state.policies(),
    policyFor: (key) => state.policyFor(key).predict,
    models: () => (state.whole ? state.valuesOf('system', modelPrefix, modelsEnd) : null),
    async *values(space, prefix): AsyncGenerator<readonly KeyValue[]> {
      const end = prefixEnd(prefix);
      let from = prefix;
      while (await whole()) {
        const next = state.keyBeyond(space, from, keysPerPage);
        const isLast = next === null || (end !== '\0' && next >= end);
        const to = isLast ? end : next;
        yield state.valuesOf(space, from, to === '\0' ? null : to);
        if (isLast) return;
        from = next;
      }
    },
    async *recent(space): AsyncGenerator<readonly StateDelta[]> {
      if (!(await whole())) return;
      const to = state.revision(space);
      const from = Math.max(state.compacted(space) + 1, to - mostRevisions);
      if (from > to) return;
      for await (const deltas of history.deltas(space, revision(from), to as Revision)) {
        if (!(await whole())) return;
        yield deltas;
      }
    },
    listen: (listener) =>
      feed.listen({
        applied: (deltas) => listener.applied(deltas),
        membersChanged: () => {},
        ended: () => listener.replaced(),
      }),
    ready: async () => {
      while (!ended()) {
        await feed.nextTurn();
        if (feed.refusal() === null && state.whole) return true;
        await new Promise<void>((resolve) => void clock.after(50, resolve));
      }
      return false;
    },
  };
}
