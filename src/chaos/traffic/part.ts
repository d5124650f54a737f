import type { Random } from '../../foundation/random.ts';
import type { StateClient } from '../../ports/state-client.ts';
import type { FinalKey } from '../../verification/guarantees/acknowledged.ts';
import type { Truth } from '../../verification/truth.ts';
import type { Target } from '../target.ts';
import type { AcknowledgedAt, Verdict } from '../traffic.ts';
import type { Connections } from './connections.ts';
import type { Meter } from './record/meter.ts';
import type { Reads } from './record/reads.ts';
import type { Writes } from './record/writes.ts';
import type { TruthGatherer } from './truth/gather.ts';

/** What a part works with, in one window of the run. */
export interface PartContext {
  readonly target: Target;
  readonly connections: Connections;
  /** All of its keys begin so; nobody else's do. */
  readonly prefix: string;
  /** Everybody's keys in this window begin so. */
  readonly windowPrefix: string;
  /** Operations a second. */
  readonly rate: number;
  readonly callers: number;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly meter: Meter;
  readonly writes: Writes;
  /** Reads to be held against the history. */
  readonly reads: Reads;
  readonly truth: TruthGatherer;
  /** Unique in the run, so that an event tells which write it came from. */
  readonly nextValue: () => string;
  readonly onAcknowledged: (write: AcknowledgedAt) => void;
}

/** What the end of a window has to say, for the checks. */
export interface Evidence {
  readonly truth: Truth;
  /** Why the truth is not whole; null: it is. */
  readonly truthLacks: string | null;
  /** Whether the truth can vouch for this revision. */
  readonly covers: (revision: number) => boolean;
  /** The keys as they are at the end; null: they could not be read. */
  readonly final: ReadonlyMap<string, FinalKey> | null;
  /** A reading client. */
  readonly client: StateClient;
  /** A search that may take long is given up at this time of `nowMs`. */
  readonly giveUpMs: number;
  readonly nowMs: () => number;
}

export interface RunningPart {
  /** Nothing new; resolves when everything begun has an outcome. */
  stop(): Promise<void>;
  /** After `stop`, on a healed target, before the history ends: what has to come to an end by itself. */
  settle?(): Promise<void>;
  /** After `check`: what it left on the cluster beside its keys goes. */
  forget?(): Promise<void>;
  check(evidence: Evidence): Promise<readonly Verdict[]>;
}

/** A kind of traffic, selected by its name. */
export interface Part {
  readonly name: string;
  /** Of the traffic's rate. */
  readonly share: number;
  /** Works on Tanist's native API alone. */
  readonly nativeOnly: boolean;
  start(context: PartContext): Promise<RunningPart>;
}
