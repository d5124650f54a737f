import type { LogIndex, NodeId } from '../foundation/ids.ts';
import type { ScoreOptions } from './options.ts';

/** What a replica measures of itself and puts into the context of its heartbeat replies. */
export interface SelfMeasurements {
  /** Smoothed lateness of the event loop, and duration of a synced write. */
  readonly loopLagMs: number;
  readonly syncMs: number;
  /** Parts of 1. */
  readonly memoryUsed: number;
  readonly diskFree: number;
}

/** What the leader knows of one replica at the moment of ranking. */
export interface ReplicaMeasurements {
  readonly id: NodeId;
  /** Since its last message, and how much its arrivals allow (`Suspicion`). */
  readonly silentMs: number;
  readonly patienceMs: number;
  readonly match: LogIndex;
  readonly roundTripMs: number | null;
  /** Null until it has reported. */
  readonly self: SelfMeasurements | null;
  /** Why it counts for nothing at present (promise 6). */
  readonly doubt: string | null;
  /** Of a replica beyond the quorum, which has no log, in its place: how far behind the leader it is. */
  readonly lag?: { readonly revisions: number; readonly ms: number };
  /** How far its predictions are from what happened, 0 (as good as the leader's) to 1. Absent: not measured, and no term. */
  readonly divergence?: number;
  /** Of the divergence, in words. */
  readonly divergenceText?: string;
}

export interface ScoreTerm {
  readonly name: 'heartbeat' | 'integrity' | 'log' | 'latency' | 'health' | 'divergence';
  /** 0 (worst) to 1. */
  readonly value: number;
  readonly weight: number;
  readonly explanation: string;
}

export interface Score {
  /** Weighted mean of the terms, 0 to 1. */
  readonly value: number;
  readonly terms: readonly ScoreTerm[];
}

/** How fit a replica is to lead. It decides only when a replica campaigns, never how anyone votes. */
export function scoreReplica(
  replica: ReplicaMeasurements,
  leaderLast: LogIndex,
  options: ScoreOptions,
): Score {
  const { weights } = options;
  const terms: readonly ScoreTerm[] = [
    { name: 'heartbeat', weight: weights.heartbeat, ...heartbeat(replica) },
    { name: 'integrity', weight: weights.integrity, ...integrity(replica) },
    { name: 'log', weight: weights.log, ...freshness(replica, leaderLast, options) },
    { name: 'latency', weight: weights.latency, ...latency(replica, options) },
    { name: 'health', weight: weights.health, ...health(replica.self, options) },
    ...divergence(replica, weights.divergence),
  ];
  let sum = 0;
  let weight = 0;
  for (const term of terms) {
    sum += term.weight * term.value;
    weight += term.weight;
  }
  return { value: weight === 0 ? 0 : sum / weight, terms };
}

interface Part {
  readonly value: number;
  readonly explanation: string;
}

function heartbeat({ silentMs, patienceMs }: ReplicaMeasurements): Part {
  const used = silentMs / patienceMs;
  if (used >= 1) return { value: 0, explanation: `suspected: silent for ${ms(silentMs)}` };
  // The first half of the allowed silence is ordinary jitter.
  const value = used <= 0.5 ? 1 : 2 * (1 - used);
  return { value, explanation: `heard ${ms(silentMs)} ago, ${ms(patienceMs)} allowed` };
}

function integrity({ doubt }: ReplicaMeasurements): Part {
  return doubt === null ? { value: 1, explanation: 'no doubt' } : { value: 0, explanation: doubt };
}

function divergence(
  { divergence: part, divergenceText }: ReplicaMeasurements,
  weight: number,
): readonly ScoreTerm[] {
  if (part === undefined) return [];
  const explanation = divergenceText ?? `its predictions are ${percent(clamp(part))} off`;
  return [{ name: 'divergence', weight, value: 1 - clamp(part), explanation }];
}

function freshness(
  { match, lag: behind }: ReplicaMeasurements,
  last: LogIndex,
  { half }: ScoreOptions,
): Part {
  if (behind !== undefined) {
    const explanation =
      behind.revisions === 0 ? 'has all that the leader has' : `${behind.revisions} revisions behind`;
    return { value: halved(behind.ms, half.lagMs), explanation: `${explanation}, ${ms(behind.ms)} old` };
  }
  const lag = Math.max(0, last - match);
  return {
    value: halved(lag, half.lagEntries),
    explanation: lag === 0 ? 'has the whole log' : `${lag} entries behind`,
  };
}

function latency({ roundTripMs }: ReplicaMeasurements, { half }: ScoreOptions): Part {
  if (roundTripMs === null) return { value: 0.5, explanation: 'round trip not measured yet' };
  return { value: halved(roundTripMs, half.roundTripMs), explanation: `round trip ${ms(roundTripMs)}` };
}

/** As good as its worst part: a full disk is not made up for by free memory. */
function health(self: SelfMeasurements | null, { half, memoryUsed, diskFree }: ScoreOptions): Part {
  if (self === null) return { value: 0.5, explanation: 'not reported yet' };
  const parts: readonly Part[] = [
    { value: halved(self.loopLagMs, half.loopLagMs), explanation: `event loop ${ms(self.loopLagMs)} late` },
    { value: halved(self.syncMs, half.syncMs), explanation: `synced write ${ms(self.syncMs)}` },
    {
      value: self.memoryUsed <= memoryUsed ? 1 : clamp((1 - self.memoryUsed) / (1 - memoryUsed)),
      explanation: `memory ${percent(self.memoryUsed)} used`,
    },
    {
      value: self.diskFree >= diskFree ? 1 : clamp(self.diskFree / diskFree),
      explanation: `disk ${percent(self.diskFree)} free`,
    },
  ];
  return parts.reduce((worst, part) => (part.value < worst.value ? part : worst));
}

/** 1 at 0, one half at `half`, falling ever slower. */
function halved(x: number, half: number): number {
  return half / (half + Math.max(0, x));
}

function clamp(x: number): number {
  return Math.min(1, Math.max(0, x));
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)} %`;
}
