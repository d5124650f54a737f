import type { ByteString } from '../../foundation/bytes.ts';
import { type Revision, revision } from '../../foundation/ids.ts';
import type { KeyValue } from '../../ports/delta.ts';
import { keysPerTurn } from './range-scan.ts';
import type { SpaceStore } from './space-store.ts';
import { lastChangeAt } from './versions.ts';

/** What of a piece of a space changed, as of one revision. */
export interface ChangedPage {
  /** In key order; null where `wanted`, in order, has what is to be read from history. */
  readonly values: readonly (KeyValue | null)[];
  readonly wanted: readonly { readonly key: ByteString; readonly revision: Revision }[];
  readonly gone: readonly { readonly key: ByteString; readonly revision: Revision }[];
  /** Where the next piece begins; null: this was the last one. */
  readonly next: ByteString | null;
}

/** Looks at `keysPerTurn` keys: see `StateMachine.changedKeys`. */
export function changedPage(store: SpaceStore, from: ByteString, since: Revision, at: Revision): ChangedPage {
  const keys = store.keysOfAnyRevision(from, null, keysPerTurn);
  const values: (KeyValue | null)[] = [];
  const wanted: { key: ByteString; revision: Revision }[] = [];
  const gone: { key: ByteString; revision: Revision }[] = [];
  for (const key of keys) {
    const entry = store.entry(key);
    const change = entry === undefined ? 0 : lastChangeAt(entry, at);
    if (entry === undefined || Math.abs(change) <= since) continue;
    if (change < 0) gone.push({ key: entry.key, revision: revision(-change) });
    else if (entry.current !== null && entry.current.modRevision === change) values.push(entry.current);
    else {
      values.push(null);
      wanted.push({ key: entry.key, revision: revision(change) });
    }
  }
  const last = keys[keysPerTurn - 1];
  return { values, wanted, gone, next: last === undefined ? null : (`${last}\0` as ByteString) };
}
