// biome-ignore-all lint/suspicious/noThenProperty: the transaction's own word
import type { StateClient } from '../../ports/state-client.ts';
import { type ResourceId, resourceId } from '../resource-id.ts';
import { liveKey } from '../state/keys.ts';
import { encodeRecord, type WantedRecord } from '../state/records.ts';

const mostAtOnce = 100;

/**
 * Says that resources are wanted anew. Of one `invalidated` no mirror is fresh from now on, until somebody has looked; looks under way don't count, since they
 * may have begun before. Of one `asked` its refresher looks soon. Fails as `invalid-argument`, else like `StateClient.txn`.
 */
export async function want(
  client: StateClient,
  names: readonly string[],
  record: WantedRecord,
): Promise<void> {
  const ids: readonly ResourceId[] = [...new Set(names)].map(resourceId);
  for (let from = 0; from < ids.length; from += mostAtOnce) {
    const puts = ids
      .slice(from, from + mostAtOnce)
      .map((id) => ({ put: liveKey('wanted', id), value: encodeRecord(record) }));
    await client.txn({ if: [], then: puts });
  }
}
