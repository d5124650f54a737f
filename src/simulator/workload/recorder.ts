import type { AcknowledgedWrite } from '../../verification/guarantees/acknowledged.ts';
import type { RevisionObservation } from '../../verification/guarantees/revisions.ts';
import type { SeenWatch } from '../../verification/guarantees/watch.ts';
import { History } from '../../verification/history.ts';
import type { RegisterInput, RegisterOutput } from '../../verification/register/register.ts';

/** A read whose answer names the revision that it is of. */
export interface DatedRead {
  readonly key: string;
  readonly revision: number;
  readonly value: string | null;
}

export interface RecordedLease {
  readonly lease: string;
  readonly key: string;
  readonly ttlMs: number;
  readonly renewals: { calledMs: number; returnedMs: number; ok: boolean }[];
  /** At which its key was put; null: not known to have been put. */
  putRevision: number | null;
  revoked: boolean;
}

/** What all callers saw, in one order of real time. */
export class Recorder {
  readonly registers = new History<RegisterInput, RegisterOutput>();
  readonly writes: AcknowledgedWrite[] = [];
  readonly observations: RevisionObservation[] = [];
  readonly datedReads: DatedRead[] = [];
  readonly leases: RecordedLease[] = [];
  readonly watches: SeenWatch[] = [];
  /** Calls ended with an answer, without effect, and unknown. */
  answered = 0;
  refused = 0;
  unknown = 0;
  /** The newest revision that anyone was told. */
  lastRevision = 1;
  #position = 0;

  /** A moment later than all before. */
  moment(): number {
    return ++this.#position;
  }

  observe(kind: 'write' | 'read', operation: number, revision: number, called: number): void {
    this.observations.push({ operation, kind, revision, called, returned: this.moment() });
    this.lastRevision = Math.max(this.lastRevision, revision);
  }
}
