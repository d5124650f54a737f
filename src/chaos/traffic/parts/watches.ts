import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '../../../verification/violation.ts';
import type { Target } from '../../target.ts';
import { checkWatches } from '../checks/watches.ts';
import type { Connection } from '../connections.ts';
import { mark } from '../mark.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { RecordedWatch, type WatchStart } from './recorded-watch.ts';

const watchers = 4;
/** Together; each lasts longer than that. */
const beginningsPerSecond = 10;
/** So many look at everything, the others at the registers alone. */
const wholeShare = 0.2;
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
    const { random, truth, windowPrefix, nowMs } = context;
    const places = await placesOf(context);
    const marking = await context.connections.named('checks');
    const recorded: RecordedWatch[] = [];
    const stalled: Violation[] = [];
    const begin = (): RecordedWatch => {
      const place = random.pick(places);
      const start: WatchStart = random.pick(['present', 'past', 'future']);
      const watch = new RecordedWatch({
        name: `watch ${recorded.length} from the ${start} at ${place.member ?? 'the leader'}`,
        member: place.member,
        client: place.client,
        prefix: random.chance(wholeShare) ? windowPrefix : `${windowPrefix}registers/`,
        from: firstOf(start, truth.from, truth.reached.any, random.below(reach)),
        previous: random.chance(0.5),
        truth,
      });
      recorded.push(watch);
      return watch;
    };
    const pace = startWorkers(watchers, beginningsPerSecond, nowMs, async (_, signal) => {
      const watch = begin();
      const lastsMs = shortestMs + random.next() * (longestMs - shortestMs);
      await delay(lastsMs, undefined, { signal }).catch(() => undefined);
      // Those that run at the end have to prove that they still get everything.
      if (!signal.aborted) await watch.stop();
    });
    return {
      stop: () => pace.stop(),
      settle: async () => {
        await Promise.all(
          recorded.map(async (watch) => {
            if (watch.ended) return;
            // A write that it must get.
            const at = await mark(marking, context.writes, `${watch.prefix}for-watches`, context.nextValue);
            if (!(await watch.reaches(at, patienceMs)) && (await isServed(watch.member, context.target)))
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

interface Place {
  /** Null: whoever leads. */
  readonly member: string | null;
  readonly client: Connection;
}

/** Half of the watches follow the leader, the others stay with one member, whatever becomes of it. */
async function placesOf({ connections, target }: PartContext): Promise<readonly Place[]> {
  const hot = target.members.filter(({ tier }) => tier === 'hot');
  const following = { member: null, client: await connections.named('watches') };
  const staying = await Promise.all(
    hot.map(async ({ id, client }) => ({ member: id, client: await connections.at([client]) })),
  );
  return [...staying, ...staying.map(() => following)];
}

/** A member that has left the quorum since (another took its place while it was down) refuses watches, and who stays with it gets nothing. */
async function isServed(member: string | null, target: Target): Promise<boolean> {
  if (member === null) return true;
  return (await target.leader()) === member || (await target.heirs()).includes(member);
}

/** Null: the present. */
function firstOf(start: WatchStart, least: number, now: number, distance: number): number | null {
  switch (start) {
    case 'present':
      return null;
    case 'past':
      return Math.max(least, now - distance);
    default:
      return now + 1 + distance;
  }
}
