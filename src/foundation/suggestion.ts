/** ` (did you mean "…"?)` with the nearest allowed name, when about two thirds of it are right; else empty. */
export function suggestion(given: string, allowed: readonly string[]): string {
  let best = '';
  let least = (given.length < 4 ? 0 : Math.max(2, Math.floor(given.length / 3))) + 1;
  for (const name of allowed) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best === '' ? '' : ` (did you mean "${best}"?)`;
}

/** Levenshtein's distance, where two neighbours that changed places are one error (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : changed;
      next.push(Math.min(changed, swapped, (next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
