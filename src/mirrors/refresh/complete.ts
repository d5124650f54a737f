// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import type { Revision } from '../../foundation/ids.ts';
import { mutant } from '../../foundation/mutants.ts';
import type { ClientOperation, StateClient } from '../../ports/state-client.ts';
import type { ResourceId } from '../resource-id.ts';
import { type Claim, decoded, only } from '../state/claim.ts';
import { historyKey, liveKey } from '../state/keys.ts';
import { type CheckRecord, encodeRecord, type HistoryRecord, type ValueRecord } from '../state/records.ts';
import type { Before, Verdict } from './judge.ts';

export type Completed =
  /** `revision` null: by an earlier attempt, whose answer was lost. */
  | {
      readonly kind: 'written';
      readonly verdict: Verdict;
      readonly before: Before;
      readonly revision: Revision | null;
    }
  /** A later look was written already: this answer is older, and not taken (version guard). Or the mirror was taken away meanwhile. */
  | { readonly kind: 'older' };

const mostAttempts = 8;

/**
 * Writes what a look came to and lets go of the claim, in one transaction that holds only if nobody wrote a look since the claim. May be repeated: one
 * that was written already is recognised by its fence. A mirror that was taken away since is not brought back: it has no look any more, or never had one and the claim
 * is gone, too. Fails like `StateClient.txn`.
 */
export async function complete(
  client: StateClient,
  id: ResourceId,
  claim: Claim,
  verdictOn: (before: Before) => Verdict,
  pause: ClientOperation | null,
): Promise<Completed> {
  const claimKey = liveKey('claim', id);
  const checkKey = liveKey('check', id);
  const free: ClientOperation = {
    txn: { if: [{ key: claimKey, is: '=', createRevision: claim.fence }], then: [{ delete: claimKey }] },
  };
  let before: Before = claim;
  let checkRevision: number = claim.checkRevision;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const verdict = verdictOn(before);
    const { succeeded, answers, revision } = await client.txn({
      if:
        checkRevision === 0
          ? [
              { key: checkKey, is: '=', version: 0 },
              { key: claimKey, is: '=', createRevision: claim.fence },
            ]
          : [{ key: checkKey, is: '=', modRevision: checkRevision }],
      then: [...writes(id, claim, verdict), ...(pause === null ? [] : [pause]), free],
      else: [{ get: checkKey }, { get: liveKey('value', id) }, { get: historyKey(id) }],
    });
    if (succeeded) return { kind: 'written', verdict, before, revision };
    const [check, value, history] = answers.map(only);
    const record = decoded<CheckRecord>(check);
    if (record !== null && record.fence === claim.fence)
      return { kind: 'written', verdict, before, revision: null };
    if (record !== null && record.fence > claim.fence && mutant.active !== 'mirror-fence-ignored') {
      await letGo(client, id, claim);
      return { kind: 'older' };
    }
    if (record === null) {
      await letGo(client, id, claim);
      return { kind: 'older' };
    }
    before = {
      check: record,
      value: decoded<ValueRecord>(value),
      history: decoded<HistoryRecord>(history),
    };
    checkRevision = check?.modRevision ?? 0;
  }
  return { kind: 'older' };
}

/** Ends a claim without a word about the resource. */
export async function letGo(client: StateClient, id: ResourceId, { fence }: Claim): Promise<void> {
  const claimKey = liveKey('claim', id);
  await client.txn({ if: [{ key: claimKey, is: '=', createRevision: fence }], then: [{ delete: claimKey }] });
}

function writes(
  id: ResourceId,
  { wantedRevision }: Claim,
  { check, value, history }: Verdict,
): ClientOperation[] {
  const valueKey = liveKey('value', id);
  const wantedKey = liveKey('wanted', id);
  return [
    { put: liveKey('check', id), value: encodeRecord(check) },
    ...(value === undefined
      ? []
      : value === null
        ? [{ delete: valueKey }]
        : [{ put: valueKey, value: encodeRecord(value) }]),
    ...(history === undefined ? [] : [{ put: historyKey(id), value: encodeRecord(history) }]),
    // What was wanted before the look began is done; what came since is not. A failed look does nothing of it.
    ...(wantedRevision === 0 || check.failure !== null
      ? []
      : [
          {
            txn: {
              if:
                mutant.active === 'mirror-invalidation-forgotten'
                  ? []
                  : [{ key: wantedKey, is: '=' as const, modRevision: wantedRevision }],
              then: [{ delete: wantedKey }],
            },
          },
        ]),
  ];
}
