// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import { TanistError } from '../../foundation/errors.ts';
import type { LeaseId, Revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ClientKeyValue, ClientOperationAnswer, StateClient } from '../../ports/state-client.ts';
import type { ResourceId } from '../resource-id.ts';
import { historyKey, liveKey, sourceKey } from './keys.ts';
import {
  type BudgetRecord,
  type CheckRecord,
  type ClaimRecord,
  decodeRecord,
  encodeRecord,
  type HistoryRecord,
  type ValueRecord,
} from './records.ts';
import { type BudgetOptions, taken } from './token-bucket.ts';

export interface KnownBudget {
  readonly record: BudgetRecord;
  readonly revision: Revision;
}

/** The right to look at a resource, with what was known of it at that moment. */
export interface Claim {
  readonly kind: 'claimed';
  /** Rises with every claim of a resource: of two answers the one with the lower fence was asked for earlier. */
  readonly fence: Revision;
  readonly value: ValueRecord | null;
  readonly check: CheckRecord | null;
  readonly checkRevision: Revision | 0;
  readonly history: HistoryRecord | null;
  readonly wantedRevision: Revision | 0;
}

export type ClaimOutcome =
  | Claim
  /** Another process looks already: its answer comes as a delta. */
  | { readonly kind: 'held' }
  /** Another process has looked since: its answer is on its way here. */
  | { readonly kind: 'moved'; readonly checkRevision: Revision }
  | { readonly kind: 'over-budget'; readonly waitMs: number };

export interface ClaimRequest {
  readonly id: ResourceId;
  readonly lease: LeaseId;
  readonly record: ClaimRecord;
  readonly budget: BudgetOptions;
  /** Calls of the budget that are left for others. */
  readonly reserve: number;
  /** As last seen; null: none known. */
  readonly known: KnownBudget | null;
  /** Of the last look, as last seen; 0: none. Another one since then makes a call needless. */
  readonly checkRevision: Revision | 0;
  readonly nowMs: () => number;
  readonly deadlineMs: number;
}

const mostAttempts = 16;

/**
 * Claims a resource and takes a call from its source's budget, in one transaction: neither is ever done without the other, and of all that try at
 * the same time one succeeds. Fails like `StateClient.txn`.
 */
export async function claim(client: StateClient, request: ClaimRequest): Promise<ClaimOutcome> {
  const { id, lease, record, budget } = request;
  const claimKey = liveKey('claim', id);
  const budgetKey = sourceKey('budget', id.source);
  const checkKey = liveKey('check', id);
  let known = request.known;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const token = taken(known?.record ?? null, budget, request.nowMs(), request.reserve);
    if ('waitMs' in token) return { kind: 'over-budget', waitMs: token.waitMs };
    const { revision, succeeded, answers } = await client.txn(
      {
        if: [
          ...(mutant.active === 'mirror-claim-ignored'
            ? []
            : [{ key: claimKey, is: '=', version: 0 } as const]),
          mutant.active === 'mirror-looks-again'
            ? { key: checkKey, is: '>', version: -1 }
            : request.checkRevision === 0
              ? { key: checkKey, is: '=', version: 0 }
              : { key: checkKey, is: '=', modRevision: request.checkRevision },
          known === null
            ? { key: budgetKey, is: '=', version: 0 }
            : { key: budgetKey, is: '=', modRevision: known.revision },
        ],
        then: [
          { put: claimKey, value: encodeRecord(record), lease },
          { put: budgetKey, value: encodeRecord(token.after) },
          { get: liveKey('value', id) },
          { get: checkKey },
          { get: historyKey(id) },
          { get: liveKey('wanted', id) },
        ],
        else: [{ get: claimKey }, { get: budgetKey }, { get: checkKey }],
      },
      { deadlineMs: request.deadlineMs },
    );
    if (succeeded) {
      const [value, check, history, wanted] = answers.slice(2).map(only);
      return {
        kind: 'claimed',
        fence: revision,
        value: decoded<ValueRecord>(value),
        check: decoded<CheckRecord>(check),
        checkRevision: check?.modRevision ?? 0,
        history: decoded<HistoryRecord>(history),
        wantedRevision: wanted?.modRevision ?? 0,
      };
    }
    const [held, bucket, check] = answers.map(only);
    if (held !== undefined && mutant.active !== 'mirror-claim-ignored') return { kind: 'held' };
    // Taken away since (0): the next look makes it anew.
    if ((check?.modRevision ?? 0) !== request.checkRevision)
      return { kind: 'moved', checkRevision: check?.modRevision ?? revision };
    // A damaged one counts as empty.
    const found = decoded<BudgetRecord>(bucket) ?? { tokens: 0, atMs: request.nowMs() };
    known = bucket === undefined ? null : { record: found, revision: bucket.modRevision };
  }
  throw new TanistError('overloaded', `too many claims of ${id.source} at a time; try again`);
}

/** Ends a claim whose fate is unknown, if it is there. */
export async function takeBack(client: StateClient, id: ResourceId, record: ClaimRecord): Promise<void> {
  const key = liveKey('claim', id);
  await client.txn({ if: [{ key, is: '=', value: encodeRecord(record) }], then: [{ delete: key }] });
}

export function only(answer: ClientOperationAnswer | undefined): ClientKeyValue | undefined {
  return answer?.kind === 'get' ? answer.values[0] : undefined;
}

export function decoded<Record extends object>(keyValue: ClientKeyValue | undefined): Record | null {
  return keyValue === undefined ? null : decodeRecord<Record>(keyValue.value);
}
