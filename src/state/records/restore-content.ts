import type { ByteString } from '../../foundation/bytes.ts';
import { TanistError } from '../../foundation/errors.ts';
import { leaseText, noLease } from '../../foundation/ids.ts';
import { type KeyValue, spaces } from '../../ports/delta.ts';
import type { LoadedImage } from '../../ports/image-store.ts';
import type { Leases } from '../leases.ts';
import { KeyTable } from '../mvcc/key-table.ts';
import { mergeRuns } from '../mvcc/merge-runs.ts';
import type { SpaceStore } from '../mvcc/space-store.ts';
import type { Predictions } from '../predicted/predictions.ts';
import type { Slices } from '../slices.ts';
import type { Stores } from './content.ts';
import { type Books, restoreRecords } from './image-records.ts';

const deltasPerTurn = 2000;
const keysPerTurn = 8192;
const recordsPerTurn = 2048;

/** Fills what is empty with an image's content, a piece a turn. Fails with `data-damaged` where the image contradicts itself. */
export async function restoreContent(
  loaded: LoadedImage,
  stores: Stores,
  books: Books,
  predictions: Predictions,
  yieldTurn: () => Promise<void>,
): Promise<void> {
  await inTurns(restoreRecords(loaded.records, books), yieldTurn);
  for (const book of Object.values(books) as Books[keyof Books][])
    await inTurns(book.digest.settled(recordsPerTurn), yieldTurn);
  let untilTurn = deltasPerTurn;
  for await (const deltas of loaded.deltas)
    for (const delta of deltas) {
      stores[delta.space].restoreDelta(delta);
      if (--untilTurn > 0) continue;
      untilTurn = deltasPerTurn;
      await yieldTurn();
    }
  for (const space of spaces) {
    const store = stores[space];
    const visit =
      space === 'predicted'
        ? (keyValue: KeyValue) => predictions.restore(keyValue)
        : (keyValue: KeyValue) => restoreLease(store, books.leases, keyValue);
    await settle(store, visit, yieldTurn);
  }
}

function restoreLease(store: SpaceStore, leases: Leases, { key, lease }: KeyValue): void {
  if (lease === noLease) return;
  if (!leases.has(lease))
    throw new TanistError(
      'data-damaged',
      `the state image has a key on lease ${leaseText(lease)}, which it lacks`,
    );
  leases.moveKey(store, key, noLease, lease);
}

async function settle(
  store: SpaceStore,
  visit: (keyValue: KeyValue) => void,
  yieldTurn: () => Promise<void>,
): Promise<void> {
  const runs: ByteString[][] = [];
  for (let shard = 0; shard < KeyTable.shardCount; shard++) {
    const slices = store.settleShard(shard, visit);
    runs.push(...(await inTurns(slices, yieldTurn)));
    await yieldTurn();
  }
  let untilTurn = keysPerTurn;
  for (const key of mergeRuns(runs)) {
    store.restoreOrder(key);
    if (--untilTurn > 0) continue;
    untilTurn = keysPerTurn;
    await yieldTurn();
  }
}

async function inTurns<T>(slices: Slices<T>, yieldTurn: () => Promise<void>): Promise<T> {
  for (let step = slices.next(); ; step = slices.next()) {
    if (step.done === true) return step.value;
    await yieldTurn();
  }
}
