import { TanistError } from '../../foundation/errors.ts';
import type { RequestLimits } from '../../foundation/limits.ts';
import { type Random, randomDigits, randomName } from '../../foundation/random.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ForcedReport, Fork } from '../../ports/lineage.ts';
import { nameOf } from '../../ports/lineage-order.ts';
import { becomeHot, type Place } from '../promotion/transitions.ts';
import { firstRevisions, foundLineage } from './found-lineage.ts';
import type { HeldContent } from './held-content.ts';
import { forcedReport } from './report.ts';
import { type AskMember, survey } from './survey.ts';

export interface ForcedPromotion {
  readonly place: Place;
  /** Null: the replica has nothing whole yet. It takes nothing new from here on. */
  readonly content: HeldContent | null;
  readonly ask: AskMember;
  readonly limits: RequestLimits;
  readonly random: Random;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly yieldTurn: () => Promise<void>;
}

/** Whether it may be done, and what it would leave behind; nothing is changed. Errors: those of `survey`, `starting`. */
export async function weighForced(forced: ForcedPromotion): Promise<ForcedReport> {
  const content = wholeContent(forced);
  const { place, ask, clock } = forced;
  const { asked } = await survey(place.self, content.held.lineage, content.members, ask);
  return forcedReport(content, forkOf(forced, content), asked, clock.wallMs());
}

/**
 * Promise 8. When it resolves the folder is that of a hot node, alone in its new lineage, and the report is saved beside it as
 * `forced-EPOCH.json`. A crash before leaves the replica as it was. Errors: those of `survey`, `starting`.
 */
export async function forcePromotion(forced: ForcedPromotion): Promise<ForcedReport> {
  const content = wholeContent(forced);
  const { place, ask, limits, random, clock, yieldTurn } = forced;
  const { asked } = await survey(place.self, content.held.lineage, content.members, ask);
  const fork = forkOf(forced, content);
  const applied = await foundLineage(content, {
    disk: place.folder.disk,
    folder: place.path,
    self: place.self,
    newStoreId: randomName(random),
    fork,
    limits,
    yieldTurn,
  });
  const weighed = await forcedReport(content, fork, asked, clock.wallMs());
  const report = { ...weighed, firstRevisions: firstRevisions(applied) };
  await place.folder.writeNote(reportName(fork.to.epoch), JSON.stringify(report, null, 2));
  await becomeHot(place.folder, fork.to);
  return report;
}

export function reportName(epoch: number): string {
  return `forced-${epoch}.json`;
}

function wholeContent({ content, place }: ForcedPromotion): HeldContent {
  if (content !== null) return content;
  throw new TanistError(
    'starting',
    `${place.self} holds nothing whole yet, so there is nothing to go on with; promote another replica`,
  );
}

function forkOf({ place, random }: ForcedPromotion, { held, mark }: HeldContent): Fork {
  const { lineage: from, revisions, ranges } = held;
  return {
    from,
    to: { clusterId: `${nameOf(from.clusterId)}+${randomDigits(random)}`, epoch: from.epoch + 1 },
    revisions,
    ranges,
    promoted: place.self,
    timeMs: mark.timeMs,
  };
}
