import type { ByteString } from '../foundation/bytes.ts';
import type { Term } from '../foundation/ids.ts';
import type { Configuration } from '../ports/log-store.ts';
import type { MemberFacts } from '../ports/membership.ts';

/** How far revisions and log positions move on where history is cut (promise 8): further than anyone can have come meanwhile. */
export const moveOnBy = 1e9;

/** How a state goes on in another lineage. */
export interface Refounding {
  readonly configuration: Configuration;
  /** Of the log's beginning; default: as it was. */
  readonly term?: Term;
  /** Members whose facts are others now; or all are forgotten. */
  readonly members: readonly MemberFacts[] | 'forget';
  /** `full`: each has its whole time-to-live again. */
  readonly leases: 'kept' | 'full';
  /** A key of the space `system`, written with the first revision. */
  readonly note?: { readonly key: ByteString; readonly value: ByteString };
}
