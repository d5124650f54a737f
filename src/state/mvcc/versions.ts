import type { KeyEntry } from './key-table.ts';

/** The revision that wrote what the key was at `revision`; 0 when it did not exist then. Right for revisions ≥ the compacted one. */
export function versionAt(entry: KeyEntry, revision: number): number {
  if (entry.current !== null && entry.current.modRevision <= revision) return entry.current.modRevision;
  if (entry.older === null) return 0;
  const at = lastAtOrBelow(entry.older, revision);
  return at < 0 ? 0 : Math.max(0, entry.older[at] as number);
}

/** The revision of the key's last change at or below `revision`, negated when that deleted it; 0: none that is known. As `versionAt`. */
export function lastChangeAt(entry: KeyEntry, revision: number): number {
  if (entry.current !== null && entry.current.modRevision <= revision) return entry.current.modRevision;
  if (entry.older === null) return 0;
  const at = lastAtOrBelow(entry.older, revision);
  return at < 0 ? 0 : (entry.older[at] as number);
}

/** Whether a version may still be read at a revision ≥ `compacted`, besides those newer than it. */
export function isVisibleAtCompacted(entry: KeyEntry, revision: number, compacted: number): boolean {
  return versionAt(entry, compacted) === revision;
}

/** Notes that the present version has been replaced at `revision`. Within one revision only its last version counts. */
export function pushOlder(entry: KeyEntry, revision: number): void {
  const replaced = entry.current;
  if (replaced === null || replaced.modRevision === revision) return;
  if (entry.older === null) entry.older = [replaced.modRevision];
  else entry.older.push(replaced.modRevision);
}

export function pushTombstone(entry: KeyEntry, revision: number): void {
  pushOlder(entry, revision);
  if (entry.older === null) entry.older = [-revision];
  else entry.older.push(-revision);
}

/** A key deleted and put again in one revision was never away for a reader. */
export function dropTombstone(entry: KeyEntry, revision: number): void {
  const older = entry.older;
  if (older === null || older[older.length - 1] !== -revision) return;
  older.pop();
  if (older.length === 0) entry.older = null;
}

/** Forgets what no revision ≥ `compacted` can see. `hideVisible` spoils it: forgets what is visible at `compacted`, too. */
export function pruneOlder(entry: KeyEntry, compacted: number, hideVisible: boolean): void {
  const older = entry.older;
  if (older === null) return;
  let keepFrom = lastAtOrBelow(older, compacted);
  if (keepFrom < 0) return;
  const isLast = keepFrom === older.length - 1;
  const replaced = isLast && entry.current !== null && entry.current.modRevision <= compacted;
  if (replaced || (older[keepFrom] as number) < 0 || hideVisible) keepFrom++;
  if (keepFrom === older.length) entry.older = null;
  else if (keepFrom > 0) entry.older = older.slice(keepFrom);
}

/** Index of the last element whose revision is ≤ `revision`; -1 when there is none. */
function lastAtOrBelow(older: readonly number[], revision: number): number {
  let low = 0;
  let high = older.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Math.abs(older[middle] as number) <= revision) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
