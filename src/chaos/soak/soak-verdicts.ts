import { median, rounded } from '../../foundation/statistics.ts';
import { memberGrowth } from '../run/member-growth.ts';
import type { ProcessSample } from '../run/process-watch.ts';
import type { MemberGrowth, ScenarioResult } from '../run/result.ts';
import type { Verdict } from '../traffic.ts';

/** False elections that failover.md allows in a soak. */
export const falseElectionsAllowedPerHour = 1;
/** Runnable processes a core, beyond which those of the cluster wait for others. */
const busyLoad = 2;

/** At most one an hour, and one in a soak that is shorter. */
export function electionVerdict(
  found: number,
  hoursDone: number,
  segments: readonly Pick<ScenarioResult, 'load'>[],
  cores = Number.POSITIVE_INFINITY,
): Verdict {
  const isBusy = segments.length > 0 && median(segments.map(({ load }) => load.median)) > busyLoad * cores;
  const allowed = found <= Math.max(1, falseElectionsAllowedPerHour * hoursDone);
  const detail = `${found} without a cause in ${rounded(hoursDone, 2)} hours`;
  return {
    check: 'elections',
    answer: allowed ? 'yes' : isBusy ? 'unknown' : 'no',
    detail: !allowed && isBusy ? `${detail}, on a machine with more to do than it can` : detail,
    violations: [],
  };
}

/** A process has warmed up by then ... */
const warmUpMs = 120_000;
/** ... and is judged by itself if it lives for so long after that. */
const leastLifeMs = 480_000;
/** From then on the level of a member is judged. */
const levelHours = 1;
/** Growth over the life of one process that does not matter. */
const negligibleOfOne = { bytes: 24 * 1024 * 1024, descriptors: 10 };

/** That of the level over all lives of a member, and that within each of its lives that is long enough. */
export function growthVerdict(
  levels: readonly MemberGrowth[],
  processes: Readonly<Record<string, readonly ProcessSample[]>>,
  hoursDone: number,
): Verdict {
  const lives = Object.entries(processes).flatMap(([member, samples]) =>
    livesOf(samples).map((life) => memberGrowth(member, life, negligibleOfOne)),
  );
  const grows = growing(lives);
  const risen = growing(levels);
  const judged = levels.filter(({ resident }) => resident !== null).length;
  if (judged === 0 && lives.length === 0)
    return {
      check: 'growth',
      answer: 'unknown',
      scant: true,
      detail: 'too short a time to judge',
      violations: [],
    };
  // The caches of all fill while a soak begins.
  const isShort = hoursDone < levelHours;
  const broken = isShort ? grows : [...grows, ...risen];
  return {
    check: 'growth',
    answer: broken.length > 0 ? 'no' : risen.length > 0 ? 'unknown' : 'yes',
    detail:
      broken[0] ??
      (risen[0] === undefined ? null : `${risen[0]}, in too short a time to judge`) ??
      `memory and descriptors are flat, of ${judged} members and ${lives.length} long-lived processes`,
    violations: broken.map((detail) => ({ check: 'growth', detail })),
  };
}

function growing(members: readonly MemberGrowth[]): readonly string[] {
  return members.flatMap(({ member, resident, descriptors }) => [
    ...(resident?.flat === false
      ? [`memory of ${member} grows by ${rounded(resident.perHour / 1024 ** 2, 1)} MiB an hour`]
      : []),
    ...(descriptors?.flat === false
      ? [`descriptors of ${member} grow by ${rounded(descriptors.perHour, 1)} an hour`]
      : []),
  ]);
}

function livesOf(samples: readonly ProcessSample[]): readonly (readonly ProcessSample[])[] {
  const lives: ProcessSample[][] = [];
  for (const sample of samples) {
    const current = lives.at(-1);
    if (current?.at(-1)?.pid === sample.pid) current.push(sample);
    else lives.push([sample]);
  }
  return lives.flatMap((life) => {
    const from = (life[0]?.atMs ?? 0) + warmUpMs;
    const warm = life.filter(({ atMs }) => atMs >= from);
    return (warm.at(-1)?.atMs ?? 0) - from >= leastLifeMs ? [warm] : [];
  });
}
