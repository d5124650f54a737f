import { TanistError } from '../../../foundation/errors.ts';
import { revision } from '../../../foundation/ids.ts';
import type { Violation } from '../../../verification/violation.ts';
import { checkReads } from '../checks/reads.ts';
import { startWorkers } from '../pace.ts';
import type { Part, PartContext } from '../part.ts';
import { outcomeOf } from '../record/outcome.ts';

const callers = 2;
/** How far back reads of the past go, in revisions. */
const reach = 400;
const pastShare = 0.3;

/**
 * Serializable reads of every member, warm and cold ones too, and reads of the past: each must be the state at the revision that it names. A revision that is
 * compacted may be refused, never answered wrongly.
 */
export const reads: Part = {
  name: 'reads',
  share: 0.08,
  nativeOnly: false,
  async start(context) {
    const { connections, random, rate, nowMs, truth, windowPrefix } = context;
    const places = await placesOf(context);
    const client = await connections.named('reads');
    const under = (): string => `${windowPrefix}${random.pick(['registers/', 'bank/', 'list-append/'])}`;
    const refusals: Violation[] = [];
    const past = async (prefix: string): Promise<void> => {
      const at = Math.max(truth.from, truth.reached.any - random.below(reach));
      // Its header has the present revision, what it shows is of the one asked for.
      const outcome = await outcomeOf(() => client.get(prefix, { prefix: true, revision: revision(at) }));
      if (outcome.kind === 'ok')
        context.reads.saw('past', `revision ${at}`, prefix, true, {
          revision: at,
          values: outcome.answer.values,
        });
      else if (isCompacted(outcome.error) && at >= truth.compactedThrough)
        refusals.push({
          check: 'read-compacted',
          detail: `revision ${at} refused as compacted; nobody compacted beyond ${truth.compactedThrough}`,
        });
    };
    // Not counted among the traffic's calls: a member that is gone answers nothing, and that is no failure of the cluster.
    const pace = startWorkers(callers, rate, nowMs, async () => {
      if (random.chance(pastShare)) await past(under());
      else await outcomeOf(() => random.pick(places)(under()));
    });
    return {
      stop: () => pace.stop(),
      check: async (evidence) => [checkReads(context.reads.all, refusals, evidence)],
    };
  },
};

function isCompacted(error: unknown): boolean {
  return error instanceof TanistError && error.code === 'revision-compacted';
}

type Place = (prefix: string) => Promise<void>;

async function placesOf({ connections, target, reads: record }: PartContext): Promise<readonly Place[]> {
  const native = await connections.native('reads');
  const places: Place[] = [];
  for (const { id, tier, client: endpoint } of target.members) {
    if (native !== null) {
      places.push(async (prefix) => {
        const answer = await orNotHeld(() =>
          native.getAt(endpoint, prefix, { prefix: true, deadlineMs: 1000 }),
        );
        if (answer !== null) record.saw('serializable', id, prefix, true, answer);
      });
    } else if (tier === 'hot') {
      const there = await connections.at([endpoint]);
      places.push(async (prefix) => {
        const options = { prefix: true, consistency: 'serializable', deadlineMs: 1000 } as const;
        record.saw('serializable', id, prefix, true, await there.get(prefix, options));
      });
    }
  }
  return places;
}

/** Warm and cold members say so where they don't hold a range: no answer is not a wrong one. */
async function orNotHeld<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof TanistError && error.code === 'not-held') return null;
    throw error;
  }
}
