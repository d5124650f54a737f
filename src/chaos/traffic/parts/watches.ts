import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '../../../verification/violation.ts';
import { checkWatches } from '../checks/watches.ts';
import type { Connection } from '../connections.ts';
import type { Part, PartContext } from '../part.ts';
import { RecordedWatch, type WatchStart } from './recorded-watch.ts';

const watchers = 4;
const shortestMs = 500;
const longestMs = 6000;
/** Revisions that a watch begins back or ahead of the present. */
const reach = 300;
/** On a healed cluster a watch gets what was written within this time. */
const patienceMs = 20_000;

/**
 * Watches that begin in the present, the past and the future, over several members, with and without previous values, for a few seconds each. At the end
 * those that run must get what is written then.
 */
export const watches: Part = {
  name: 'watches',
  share: 0.02,
  nativeOnly: false,
  async start(context) {
    const { random, truth, windowPrefix, target, connections } = context;
    const stopping = new AbortController();
    const recorded: RecordedWatch[] = [];
    const stalled: Violation[] = [];
    const hot = target.members.filter(({ tier }) => tier === 'hot');
    const following = await connections.named('watches');
    const begin = async (): Promise<RecordedWatch> => {
      const whole = random.chance(0.2);
      const prefix = whole ? windowPrefix : `${windowPrefix}registers/`;
      const member = random.pick(hot);
      const pinned = random.chance(0.5);
      const client: Connection = pinned ? await connections.at([member.client]) : following;
      const start: WatchStart = random.pick(['present', 'past', 'future']);
      const now = truth.reached.any;
      const from =
        start === 'present'
          ? null
          : start === 'past'
            ? Math.max(truth.from, now - random.below(reach))
            : now + 1 + random.below(reach);
      const name = `watch ${recorded.length} from the ${start} ${pinned ? `at ${member.id}` : 'at the leader'}`;
      const watch = new RecordedWatch({ name, client, prefix, from, previous: random.chance(0.5), truth });
      recorded.push(watch);
      return watch;
    };
    const running = Array.from({ length: watchers }, async () => {
      while (!stopping.signal.aborted) {
        const watch = await begin();
        const lastsMs = shortestMs + random.next() * (longestMs - shortestMs);
        await delay(lastsMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        // Those that run at the end have to prove that they still get everything.
        if (!stopping.signal.aborted) await watch.stop();
      }
    });
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(running);
      },
      settle: async () => {
        await Promise.all(
          recorded.map(async (watch) => {
            if (watch.ended) return;
            const at = await markFor(context, watch);
            if (!(await watch.reaches(at, patienceMs)))
              stalled.push({
                check: 'watch-stalled',
                detail: `${watch.name} has ${watch.reached} ${patienceMs / 1000} s after revision ${at} was acknowledged`,
              });
            await watch.stop();
          }),
        );
      },
      check: async (evidence) => {
        const refused = recorded.filter((watch) => watch.refused).length;
        const own = recorded.flatMap((watch) => watch.violations);
        const seen = recorded.flatMap((watch) => watch.seen() ?? []);
        return [checkWatches(seen, [...own, ...stalled], evidence, `${refused} refused as compacted`)];
      },
    };
  },
};

/** A write that the watch must get. */
async function markFor(
  { writes, connections, nextValue }: PartContext,
  watch: RecordedWatch,
): Promise<number> {
  const client = await connections.named('checks');
  const key = `${watch.prefix}for-watches`;
  const value = nextValue();
  const id = writes.began('watches', 'put', key, value);
  const { revision } = await client.put(key, value);
  writes.ended(id, { kind: 'acknowledged', revision });
  return revision;
}
