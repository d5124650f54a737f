// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import type { LeaseId, Revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type {
  ClientCompare,
  ClientKeyValue,
  ClientOperation,
  ClientOperationAnswer,
  StateClient,
} from '../../ports/state-client.ts';
import type { ResourceId } from '../resource-id.ts';
import type { KnownBudget } from './budgets.ts';
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

/** What stands in the way of a claim, and of a call: `held`: another process looks already, its answer comes as a delta; `moved`: one has looked since. */
export type ClaimObstacle =
  | { readonly kind: 'held' }
  | { readonly kind: 'moved'; readonly checkRevision: Revision }
  /** Its source is not in the state any more; the delta is on its way. */
  | { readonly kind: 'removed' };

/** A call of the origin, and for what: a claim of a resource; null: of none, which is not mirrored. */
export interface WantedCall {
  readonly claim: {
    readonly id: ResourceId;
    readonly record: ClaimRecord;
    /** Of the last look, as last seen; 0: none. Another one since then makes a call needless. */
    readonly checkRevision: Revision | 0;
  } | null;
}

export interface CallBatch<Call extends WantedCall> {
  readonly source: string;
  /** Its config is in the state, and must still be there: what was removed is not brought back by whoever has not heard of it yet. */
  readonly isShared: boolean;
  readonly lease: LeaseId;
  /** No two of one resource. */
  readonly calls: readonly Call[];
  /** As last seen; null: none known. */
  readonly known: KnownBudget | null;
  /** What is left of the budget after them. */
  readonly after: BudgetRecord;
  readonly deadlineMs: number;
}

export type BatchOutcome<Call> =
  /** All of them, in order; null: a call without a claim. */
  | { readonly kind: 'taken'; readonly revision: Revision; readonly claims: readonly (Claim | null)[] }
  /** None of them, since some cannot be, or somebody else took from the budget. */
  | {
      readonly kind: 'refused';
      readonly obstacles: ReadonlyMap<Call, ClaimObstacle>;
      readonly budget: { readonly record: BudgetRecord | null; readonly revision: Revision };
    };

/** Claims resources and takes a call for each from the source's budget, in one transaction: all of it or nothing. Fails like `StateClient.txn`. */
export async function takeCalls<Call extends WantedCall>(
  client: StateClient,
  batch: CallBatch<Call>,
): Promise<BatchOutcome<Call>> {
  const { source, isShared, lease, calls, known } = batch;
  const configKey = sourceKey('source', source);
  const budgetKey = sourceKey('budget', source);
  const claims = calls.flatMap((call) => (call.claim === null ? [] : [{ call, ...call.claim }]));
  const { revision, succeeded, answers } = await client.txn(
    {
      if: [
        known === null
          ? { key: budgetKey, is: '=', version: 0 }
          : { key: budgetKey, is: '=', modRevision: known.revision },
        ...(isShared ? [isThere(configKey)] : []),
        ...claims.flatMap(conditions),
      ],
      then: [
        { put: budgetKey, value: encodeRecord(batch.after) },
        ...claims.flatMap(({ id, record }): ClientOperation[] => [
          { put: liveKey('claim', id), value: encodeRecord(record), lease },
          { get: liveKey('value', id) },
          { get: liveKey('check', id) },
          { get: historyKey(id) },
          { get: liveKey('wanted', id) },
        ]),
      ],
      else: [
        { get: budgetKey },
        { get: configKey },
        ...claims.flatMap(({ id }) => [{ get: liveKey('claim', id) }, { get: liveKey('check', id) }]),
      ],
    },
    { deadlineMs: batch.deadlineMs },
  );
  if (succeeded) {
    let at = 1;
    const claimed = calls.map(({ claim }) => {
      if (claim === null) return null;
      const [value, check, history, wanted] = answers.slice(at + 1, at + 5).map(only);
      at += 5;
      return {
        kind: 'claimed' as const,
        fence: revision,
        value: decoded<ValueRecord>(value),
        check: decoded<CheckRecord>(check),
        checkRevision: check?.modRevision ?? (0 as const),
        history: decoded<HistoryRecord>(history),
        wantedRevision: wanted?.modRevision ?? (0 as const),
      };
    });
    return { kind: 'taken', revision, claims: claimed };
  }
  const [bucket, config, ...found] = answers.map(only);
  const obstacles = new Map<Call, ClaimObstacle>();
  if (isShared && config === undefined) for (const call of calls) obstacles.set(call, { kind: 'removed' });
  else
    for (const [i, { call, checkRevision }] of claims.entries()) {
      const [held, check] = [found[2 * i], found[2 * i + 1]];
      if (held !== undefined && mutant.active !== 'mirror-claim-ignored')
        obstacles.set(call, { kind: 'held' });
      // Taken away since (0): the next look makes it anew.
      else if ((check?.modRevision ?? 0) !== checkRevision)
        obstacles.set(call, { kind: 'moved', checkRevision: check?.modRevision ?? revision });
    }
  const record = decoded<BudgetRecord>(bucket);
  return {
    kind: 'refused',
    obstacles,
    budget: {
      // A damaged one counts as empty.
      record: bucket === undefined ? null : (record ?? { ...batch.after, tokens: 0 }),
      revision: bucket?.modRevision ?? revision,
    },
  };
}

/** A condition. */
export function isThere(key: string): ClientCompare {
  return { key, is: '>', version: 0 };
}

function conditions({ id, checkRevision }: NonNullable<WantedCall['claim']>): ClientCompare[] {
  const checkKey = liveKey('check', id);
  return [
    ...(mutant.active === 'mirror-claim-ignored'
      ? []
      : [{ key: liveKey('claim', id), is: '=', version: 0 } as const]),
    ...(mutant.active === 'mirror-looks-again'
      ? []
      : checkRevision === 0
        ? [{ key: checkKey, is: '=', version: 0 } as const]
        : [{ key: checkKey, is: '=', modRevision: checkRevision } as const]),
  ];
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
