import type { Database, DatabaseChange } from '../../ports/database.ts';
import { openJson, sealJson } from '../../storage/record-codec.ts';
import { hex8 } from './keys.ts';
import type { Generation, Quarantine } from './snapshot-index.ts';

/** What the store must not forget beside its snapshots. */
export interface StoreState {
  readonly format: 1;
  readonly quarantined: readonly Quarantine[];
  /** Why what is held is not gone on from; null: it is. */
  readonly needsBase: string | null;
  /** Of evidence kept so far. */
  readonly evidence: number;
  /** The rows of these were found damaged last, and stay as evidence until the next damage. */
  readonly kept: readonly Generation[];
}

export const emptyState: StoreState = { format: 1, quarantined: [], needsBase: null, evidence: 0, kept: [] };

const stateKey = 'state';
const evidencePrefix = 'e/';
/** Pieces of evidence kept, and bytes of an altered row in one. */
const keptEvidence = 16;
const evidenceBytes = 4096;

/** Null: there is none. 'altered': it isn't what was written. */
export async function loadState(database: Database): Promise<StoreState | null | 'altered'> {
  const row = await database.get(stateKey);
  if (row === undefined) return null;
  try {
    return { ...emptyState, ...(openJson('the state', stateKey, row) as Partial<StoreState>) };
  } catch {
    return 'altered';
  }
}

export function putState(state: StoreState): DatabaseChange {
  return { type: 'put', key: stateKey, value: sealJson(stateKey, state) };
}

/** What was found wrong, for whoever looks into it later (`e/…` in the database); the oldest one makes room. */
export function putEvidence(
  number: number,
  atMs: number,
  what: string,
  row: { readonly key: string; readonly value: Uint8Array } | null,
): readonly DatabaseChange[] {
  const key = `${evidencePrefix}${hex8(number)}`;
  const content = {
    atMs,
    what,
    row:
      row === null
        ? null
        : {
            key: Buffer.from(row.key, 'latin1').toString('hex'),
            value: Buffer.from(row.value.subarray(0, evidenceBytes)).toString('hex'),
          },
  };
  const put: DatabaseChange = { type: 'put', key, value: sealJson(key, content) };
  if (number < keptEvidence) return [put];
  return [put, { type: 'del', key: `${evidencePrefix}${hex8(number - keptEvidence)}` }];
}

export async function loadEvidence(database: Database): Promise<readonly { readonly what: string }[]> {
  const found: { what: string }[] = [];
  for await (const rows of database.scan(evidencePrefix, 'e0', 64 * 1024))
    for (const { key, value } of rows) found.push(openJson('the evidence', key, value) as { what: string });
  return found;
}
