import { memberGrowth } from '../run/member-growth.ts';
import type { ProcessSample } from '../run/process-watch.ts';
import type { ScenarioResult, SoakSummary } from '../run/result.ts';
import { electionVerdict, growthVerdict } from './soak-verdicts.ts';

/** Growth over a whole soak that does not matter. */
const negligible = { bytes: 24 * 1024 * 1024, descriptors: 10 };
/** Points that a picture needs. */
const mostPoints = 600;

/** Segments follow each other on one time; a process that was started again begins small, so growth is that of the level, not of each. */
export function soakSummary(segments: readonly ScenarioResult[], hours: number, cores?: number): SoakSummary {
  const processes: Record<string, ProcessSample[]> = {};
  let offsetMs = 0;
  let elections = 0;
  let falseElections = 0;
  for (const segment of segments) {
    for (const [id, samples] of Object.entries(segment.processes)) {
      const all = processes[id] ?? [];
      processes[id] = all;
      for (const sample of samples) all.push({ ...sample, atMs: offsetMs + sample.atMs });
    }
    offsetMs += segment.endedMs;
    elections += segment.elections;
    falseElections += segment.falseElections.length;
  }
  const hoursDone = offsetMs / 3_600_000;
  const memory = Object.entries(processes).map(([member, samples]) =>
    memberGrowth(member, samples, negligible),
  );
  return {
    hours,
    hoursDone,
    elections,
    falseElectionsPerHour: hoursDone === 0 ? 0 : falseElections / hoursDone,
    memory,
    verdicts: [
      electionVerdict(falseElections, hoursDone, segments, cores),
      growthVerdict(memory, processes, hoursDone),
    ],
    processes: Object.fromEntries(Object.entries(processes).map(([id, samples]) => [id, thinned(samples)])),
  };
}

function thinned(samples: readonly ProcessSample[]): readonly ProcessSample[] {
  const every = Math.ceil(samples.length / mostPoints);
  return samples.filter((_, i) => i % every === 0);
}
