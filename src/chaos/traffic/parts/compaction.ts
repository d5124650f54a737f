import { TanistError } from '../../../foundation/errors.ts';
import type { Violation } from '../../../verification/violation.ts';
import { verdict } from '../checks/verdict.ts';
import { startWorkers } from '../pace.ts';
import type { Part } from '../part.ts';

/** Every 100 to 200 ms. */
const perSecond = 1000 / 150;
/** Of those that leave it to the slower watch. */
const patient = 0.5;
/** What stays is drawn up to so many revisions, so that some reads of the past find them and some don't. */
const kept = 300;

/**
 * Forgets the past again and again, as far as at least one of the watches that gather the history has come. Reads and watches of the past may be refused then;
 * what they answer must be right.
 */
export const compaction: Part = {
  name: 'compaction',
  share: 0,
  nativeOnly: false,
  async start({ connections, truth, meter, random, nowMs }) {
    const violations: Violation[] = [];
    let done = 0;
    let through = 0;
    const pace = startWorkers(1, perSecond, nowMs, async () => {
      const { any, all } = truth.reached;
      const at = (random.chance(patient) ? all : any) - random.below(kept);
      if (at <= Math.max(through, truth.from)) return;
      truth.willCompact(at);
      const outcome = await meter.call(() => connections.compact(at));
      if (outcome.kind === 'ok') {
        done++;
        through = at;
      } else if (outcome.error instanceof TanistError && outcome.error.code === 'revision-future')
        violations.push({
          check: 'compaction-future',
          detail: `compaction at ${at} refused as in the future; a watch had reached ${any}`,
        });
    });
    return {
      stop: () => pace.stop(),
      check: async () => [
        verdict('compaction', `${done} compactions, the last at revision ${through}`, violations, {
          enough: done > 0,
        }),
      ],
    };
  },
};
