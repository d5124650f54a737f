// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import { mutant } from '../../foundation/mutants.ts';
import type { ClientOperation, ClientOperationAnswer, StateClient } from '../../ports/state-client.ts';
import { type ResourceId, resourceId } from '../resource-id.ts';
import { isThere } from '../state/claim.ts';
import { liveKey, sourceKey } from '../state/keys.ts';
import type { LiveEntry } from '../state/live-entry.ts';
import { encodeRecord, type WantedRecord } from '../state/records.ts';

const mostAtOnce = 100;

/**
 * Says that resources changed: no mirror of them is fresh from now on, until somebody has looked; looks under way don't count, since they may have begun
 * before. What nobody has looked at, nor does, is left alone. Resolves to the others. Fails as `invalid-argument`, else like `StateClient.txn`.
 */
export async function invalidate(
  client: StateClient,
  names: readonly string[],
  record: Extract<WantedRecord, { reason: 'invalidated' | 'asked' }>,
): Promise<readonly string[]> {
  const ids: readonly ResourceId[] = [...new Set(names)].map(resourceId);
  const done: string[] = [];
  for (let from = 0; from < ids.length; from += mostAtOnce) {
    const some = ids.slice(from, from + mostAtOnce);
    const { answers } = await client.txn({ if: [], then: some.map((id) => ifMirrored(id, record)) });
    for (const [i, { source, key }] of some.entries()) if (hasPut(answers[i])) done.push(`${source}/${key}`);
  }
  return done;
}

function ifMirrored(id: ResourceId, record: WantedRecord): ClientOperation {
  const then = [{ put: liveKey('wanted', id), value: encodeRecord(record) }];
  // The first look may be under way.
  const elseLooked = { txn: { if: [isThere(liveKey('claim', id))], then } };
  return {
    txn: { if: [isThere(liveKey('check', id))], then, else: [elseLooked] },
  };
}

function hasPut(answer: ClientOperationAnswer | undefined): boolean {
  if (answer?.kind !== 'txn') return answer?.kind === 'put';
  return answer.answers.some(hasPut);
}

/** Has the refreshers look at resources soon, whether they are mirrored yet or not; none of a shared source that is gone. Fails as `invalid-argument`, else like `StateClient.txn`. */
export async function ask(
  client: StateClient,
  names: readonly string[],
  record: WantedRecord,
  isShared: (source: string) => boolean,
): Promise<void> {
  const ids: readonly ResourceId[] = [...new Set(names)].map(resourceId);
  for (let from = 0; from < ids.length; from += mostAtOnce) {
    const puts = ids.slice(from, from + mostAtOnce).map((id): ClientOperation => {
      const put = { put: liveKey('wanted', id), value: encodeRecord(record) };
      if (!isShared(id.source)) return put;
      return { txn: { if: [isThere(sourceKey('source', id.source))], then: [put] } };
    });
    await client.txn({ if: [], then: puts });
  }
}

/**
 * Leaves a look that is due to the next reader, wherever. Does nothing where the resource is wanted already (an event must not be forgotten over it) or has been
 * looked at since, or is being looked at. Fails like `StateClient.txn`.
 */
export async function leaveToReaders(
  client: StateClient,
  { id, checkRevision }: LiveEntry,
  record: Extract<WantedRecord, { reason: 'due' }>,
): Promise<void> {
  const key = liveKey('wanted', id);
  await client.txn({
    if: [
      ...(mutant.active === 'mirror-event-overwritten' ? [] : [{ key, is: '=', version: 0 } as const]),
      { key: liveKey('check', id), is: '=', modRevision: checkRevision },
      { key: liveKey('claim', id), is: '=', version: 0 },
    ],
    then: [{ put: key, value: encodeRecord(record) }],
  });
}
